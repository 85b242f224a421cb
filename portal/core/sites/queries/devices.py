"""The devices of a Client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    String,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.database import reading_locks, small_keys
from portal.core.database.layout import LAYOUTS
from portal.core.readings.tables import READINGS, WIDE_TIMES
from portal.core.settings import RunMode
from portal.core.sites.rules.meter_tree import (
    DeviceKind,
    Formula,
    Tree,
    TreePosition,
    formula_of,
    kind_of,
)
from portal.core.sites.tables import Device, DeviceClock, Site
from portal.core.values.pages import EVERYTHING, Asked, Key
from portal.core.values.time import present_until
from portal.core.values.tokens import token_hash
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta
    from decimal import Decimal

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class TokenFacts:
    """What may be shown of a device's tokens: the last characters and the time of the one it has, the end of the last.

    Those of a token that an earlier release issued are not known.
    """

    last4: str = ""
    issued_at: datetime | None = None
    previous_expires_at: datetime | None = None


@dataclass(frozen=True)
class StoredDevice:
    """A device and the site it stands at; a clock that is wrong is ahead by `clock_skew` (negative: behind).

    `parent_id` is the meter above it, `formula` what a virtual one is made of.

    `token_mark` is another text for another token, and shown to nobody.
    """

    id: UUID
    site_id: UUID
    site_name: str
    name: str
    external_id: str
    description: str
    max_power_kw: Decimal | None
    is_active: bool
    last_reading_at: datetime | None
    clock_skew: timedelta | None
    token_mark: str = field(repr=False)
    parent_id: UUID | None = None
    formula: Formula | None = None
    register_digits: int | None = None
    token: TokenFacts = field(default_factory=TokenFacts)

    @property
    def kind(self) -> DeviceKind:
        """Whether it is a bulk meter, a sub-meter or a virtual one."""
        return kind_of(self.parent_id, self.formula)

    @property
    def version(self) -> str:
        """Another text after every change to the device and its token; its readings have no part in it."""
        rated = None if self.max_power_kw is None else self.max_power_kw.normalize()
        return version_of(
            self.id,
            self.site_id,
            self.name,
            self.external_id,
            self.description,
            rated,
            self.is_active,
            self.token_mark,
            # What an earlier release did not know changes no version where it is not there.
            *(
                [self.parent_id, self.formula and self.formula.stored()]
                if self.kind is not DeviceKind.BULK
                else []
            ),
            *([] if self.register_digits is None else ["digits", self.register_digits]),
        )

    @property
    def key(self) -> Key:
        """Where the device stands among all of them."""
        return self.site_name, self.name, str(self.id)


_COLUMNS = (
    "site_id",
    "name",
    "external_id",
    "description",
    "max_power_kw",
    "is_active",
    "parent_id",
    "register_digits",
)
_TREE_LOCK = 7_301_016
_LAST_NARROW = (
    select(READINGS.c.time)
    .where(
        READINGS.c.customer == col(Device.customer),
        READINGS.c.meter == col(Device.meter),
        READINGS.c.time <= bindparam("until"),
    )
    .order_by(READINGS.c.time.desc())
    .limit(1)
    .correlate(Device)
    .scalar_subquery()
)
# By an index of its own: through one view of both, all readings of a device would be read for its last one.
_LAST_WIDE = (
    select(WIDE_TIMES.c.time)
    .where(WIDE_TIMES.c.device_id == col(Device.id), WIDE_TIMES.c.time <= bindparam("until"))
    .order_by(WIDE_TIMES.c.time.desc())
    .limit(1)
    .correlate(Device)
    .scalar_subquery()
)
_LAST_READING_AT = func.greatest(_LAST_NARROW, _LAST_WIDE)
_TOKEN_MARK = type_coerce(func.coalesce(func.left(col(Device.token_hash), 16), ""), String)
_DEVICES = (
    select(
        col(Device.id),
        col(Device.site_id),
        col(Site.name),
        col(Device.name),
        col(Device.external_id),
        col(Device.description),
        col(Device.max_power_kw),
        col(Device.is_active),
        _LAST_READING_AT,
        col(DeviceClock.skew),
        _TOKEN_MARK,
        col(Device.parent_id),
        col(Device.formula),
        col(Device.register_digits),
        col(Device.token_last4),
        col(Device.token_issued_at),
        col(Device.previous_token_expires_at),
    )
    .join(Site, col(Site.id) == col(Device.site_id))
    .outerjoin(DeviceClock, col(DeviceClock.device_id) == col(Device.id))
)
_OWN_COLUMNS = 11
_SORT_KEY = (col(Site.name), col(Device.name), cast(col(Device.id), Text))


async def insert_device(
    session: AsyncSession, values: Mapping[str, object], token: str | None, now: datetime
) -> StoredDevice | None:
    """Add a device with a value for each of its columns, and its token, if any; None when the external id is taken."""
    issued = {} if token is None else _issued(token, now)
    new = insert(Device).values(**_columns(values), **issued, **await new_key(session))
    made = await session.scalar(
        new.on_conflict_do_nothing(index_elements=[col(Device.external_id)]).returning(col(Device.id))
    )
    return None if made is None else await get_device(session, made, now)


def _columns(values: Mapping[str, object]) -> dict[str, object]:
    """Return the columns that are given, and what follows from them."""
    found = {name: values[name] for name in _COLUMNS if name in values}
    formula = values.get("formula")
    if isinstance(formula, Formula):
        found["formula"] = formula.stored()
    if "kind" in values:
        found["kind"] = values["kind"]
    return found


def _issued(token: str, now: datetime) -> dict[str, object]:
    return {"token_hash": token_hash(token), "token_last4": token[-4:], "token_issued_at": now}


async def new_key(session: AsyncSession) -> dict[str, object]:
    """Return the columns of a key that no device ever had."""
    (meter,) = await small_keys.give_out(session, LAYOUTS[RunMode.CLIENT])
    return {"customer": small_keys.OWN_CUSTOMER, "meter": meter}


async def keep_writers_out(session: AsyncSession) -> None:
    """Let nobody store readings until this transaction has ended: what is asked after it about them stays true."""
    await reading_locks.keep_writers_out(session, small_keys.OWN_CUSTOMER)


async def forget_keys(session: AsyncSession) -> None:
    """Have no process go on by the keys it knows, as soon as this transaction has removed a device: ask before."""
    await small_keys.give_out(session, LAYOUTS[RunMode.CLIENT])


async def list_devices(
    session: AsyncSession, now: datetime, asked: Asked = EVERYTHING, at: Collection[UUID] | None = None
) -> tuple[StoredDevice, ...]:
    """Return devices by site and name, with the time of each one's last reading; `at` are the sites, all by default.

    A reading ahead of `now` by more than a clock may differ is nobody's last one. The key of a page is the site's name,
    the device's and its id.
    """
    devices = _DEVICES
    if at is not None:
        devices = devices.where(col(Device.site_id).in_(list(at)))
    if asked.after is not None:
        devices = devices.where(tuple_(*_SORT_KEY) > tuple_(*(literal(part, Text) for part in asked.after)))
    page = devices.order_by(*_SORT_KEY).limit(asked.fetched)
    rows = await session.execute(page, {"until": present_until(now)})
    return tuple(_stored(row) for row in rows)


# Any: a row of `_DEVICES`, whose columns the fields name.
def _stored(row: Any) -> StoredDevice:
    parent_id, formula, digits, last4, issued_at, expires_at = row[_OWN_COLUMNS:]
    token = TokenFacts(last4, issued_at, expires_at)
    own = row[:_OWN_COLUMNS]
    return StoredDevice(
        *own, parent_id=parent_id, formula=formula_of(formula), register_digits=digits, token=token
    )


async def tree(session: AsyncSession) -> Tree:
    """Return where every meter stands, until the transaction ends: nobody else moves any meanwhile."""
    await session.execute(select(func.pg_advisory_xact_lock(_TREE_LOCK)))
    rows = await session.execute(
        select(
            col(Device.id), col(Device.site_id), col(Device.name), col(Device.parent_id), col(Device.formula)
        )
    )
    return {
        key: TreePosition(site_id, name, parent_id, formula_of(formula))
        for key, site_id, name, parent_id, formula in rows
    }


async def get_device(
    session: AsyncSession, device_id: UUID, now: datetime, *, for_change: bool = False
) -> StoredDevice | None:
    """Return one device as of `now`; `for_change` keeps it as it is until the end of the transaction."""
    return await _one(session, col(Device.id) == device_id, now, for_change=for_change)


async def find_device(
    session: AsyncSession, external_id: str, now: datetime, *, for_change: bool = False
) -> StoredDevice | None:
    """Return the device with an external id; `for_change` as for `get_device`."""
    return await _one(session, col(Device.external_id) == external_id, now, for_change=for_change)


async def _one(
    session: AsyncSession, term: ColumnElement[bool], now: datetime, *, for_change: bool
) -> StoredDevice | None:
    if for_change:
        # By itself: a statement that waits for the lock would join what was there before it waited.
        await session.execute(select(col(Device.id)).where(term).with_for_update(key_share=True))
    row = (await session.execute(_DEVICES.where(term), {"until": present_until(now)})).one_or_none()
    return None if row is None else _stored(row)


async def external_id_is_taken(session: AsyncSession, external_id: str, but: UUID) -> bool:
    """Tell whether a device other than `but` has this external id."""
    other = select(col(Device.id)).where(col(Device.external_id) == external_id, col(Device.id) != but)
    return await session.scalar(other) is not None


async def update_device(session: AsyncSession, device_id: UUID, changes: Mapping[str, object]) -> bool:
    """Change columns of a device; tells whether it exists."""
    changed = update(Device).where(col(Device.id) == device_id)
    changed = changed.values(**_columns(changes), updated_at=func.now())
    return await session.scalar(changed.returning(col(Device.id))) is not None


async def replace_token(
    session: AsyncSession, device_id: UUID, token: str, now: datetime, honoured_until: datetime | None
) -> None:
    """Store a new token of a device; the one before is honoured until then (None: not), and one before that no more."""
    replaced = update(Device).where(col(Device.id) == device_id)
    await session.execute(
        replaced.values(
            **_issued(token, now),
            previous_token_hash=col(Device.token_hash),
            previous_token_expires_at=honoured_until,
        )
    )


async def has_readings(session: AsyncSession, device_id: UUID) -> bool:
    """Tell whether a device has any reading."""
    of_device = (READINGS.c.customer == col(Device.customer)) & (READINGS.c.meter == col(Device.meter))
    reading = select(READINGS.c.time).join(Device, of_device).where(col(Device.id) == device_id).limit(1)
    wide = select(WIDE_TIMES.c.time).where(WIDE_TIMES.c.device_id == device_id).limit(1)
    return await session.scalar(reading) is not None or await session.scalar(wide) is not None


async def delete_device(session: AsyncSession, device_id: UUID) -> bool:
    """Delete a device without readings; tells whether it existed."""
    gone = delete(Device).where(col(Device.id) == device_id).returning(col(Device.id))
    return await session.scalar(gone) is not None
