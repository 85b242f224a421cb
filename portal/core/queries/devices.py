"""The devices of a Client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.pages import EVERYTHING, Asked, Key
from portal.core.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class DeviceRow:
    """A device and the site it stands at. `token_mark` is another text for another token, and shown to nobody."""

    id: UUID
    site_id: UUID
    site_name: str
    name: str
    external_id: str
    description: str
    max_power_kw: Decimal | None
    is_active: bool
    last_reading_at: datetime | None
    token_mark: str = field(repr=False)

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
        )

    @property
    def key(self) -> Key:
        """Where the device stands among all of them."""
        return self.site_name, self.name, str(self.id)


_COLUMNS = ("site_id", "name", "external_id", "description", "max_power_kw", "is_active")
_DEVICES = (
    "SELECT d.id, d.site_id, s.name, d.name, d.external_id, d.description, d.max_power_kw, d.is_active, "
    "(SELECT m.time FROM monitoring.power_measurements m WHERE m.device_id = d.id "
    "ORDER BY m.time DESC LIMIT 1), coalesce(left(d.token_hash, 16), '') "
    "FROM monitoring.devices d JOIN monitoring.sites s ON s.id = d.site_id "
)


async def insert_device(
    session: AsyncSession, values: Mapping[str, object], token_hash: str
) -> DeviceRow | None:
    """Add a device with a value for each of its columns; None when the external id is taken."""
    names = ", ".join(_COLUMNS)
    made = await session.scalar(
        text(
            f"INSERT INTO monitoring.devices ({names}, token_hash) "
            f"VALUES ({', '.join(f':{name}' for name in _COLUMNS)}, :token_hash) "
            "ON CONFLICT (external_id) DO NOTHING RETURNING id"
        ),
        {**values, "token_hash": token_hash},
    )
    return None if made is None else await get_device(session, made)


async def list_devices(
    session: AsyncSession, asked: Asked = EVERYTHING, at: Collection[UUID] | None = None
) -> tuple[DeviceRow, ...]:
    """Return devices by site and name, with the time of each one's last reading; `at` are the sites, all by default.

    The key of a page is the site's name, the device's and its id.
    """
    terms: list[str] = []
    bound: dict[str, Any] = {"fetched": asked.fetched}
    if at is not None:
        terms.append("d.site_id = ANY(:sites)")
        bound["sites"] = list(at)
    if asked.after is not None:
        terms.append("(s.name, d.name, CAST(d.id AS text)) > (:site, :name, :id)")
        bound |= dict(zip(("site", "name", "id"), asked.after, strict=True))
    where = f"WHERE {' AND '.join(terms)} " if terms else ""
    statement = f"{_DEVICES}{where}ORDER BY s.name, d.name, CAST(d.id AS text) LIMIT CAST(:fetched AS bigint)"
    rows = await session.execute(text(statement), bound)
    return tuple(DeviceRow(*row) for row in rows)


async def get_device(session: AsyncSession, device_id: UUID, *, for_change: bool = False) -> DeviceRow | None:
    """Return one device; `for_change` keeps it as it is until the end of the transaction."""
    return await _one(session, "d.id = :key", device_id, for_change=for_change)


async def find_device(
    session: AsyncSession, external_id: str, *, for_change: bool = False
) -> DeviceRow | None:
    """Return the device with an external id; `for_change` as for `get_device`."""
    return await _one(session, "d.external_id = :key", external_id, for_change=for_change)


async def _one(session: AsyncSession, term: str, key: object, *, for_change: bool) -> DeviceRow | None:
    if for_change:
        # By itself: a statement that waits for the lock would join what was there before it waited.
        locked = text(f"SELECT FROM monitoring.devices d WHERE {term} FOR NO KEY UPDATE")
        await session.execute(locked, {"key": key})
    rows = await session.execute(text(f"{_DEVICES}WHERE {term}"), {"key": key})
    row = rows.one_or_none()
    return None if row is None else DeviceRow(*row)


async def external_id_is_taken(session: AsyncSession, external_id: str, but: UUID) -> bool:
    """Tell whether a device other than `but` has this external id."""
    found = await session.scalar(
        text("SELECT id FROM monitoring.devices WHERE external_id = :external_id AND id <> :but"),
        {"external_id": external_id, "but": but},
    )
    return found is not None


async def update_device(session: AsyncSession, device_id: UUID, changes: Mapping[str, object]) -> bool:
    """Change columns of a device; tells whether it exists."""
    assignments = [f"{name} = :{name}" for name in _COLUMNS if name in changes]
    changed = await session.scalar(
        text(
            f"UPDATE monitoring.devices SET {', '.join([*assignments, 'updated_at = now()'])} "
            "WHERE id = :id RETURNING id"
        ),
        {**changes, "id": device_id},
    )
    return changed is not None


async def replace_token(session: AsyncSession, device_id: UUID, token_hash: str) -> None:
    """Store a new token of a device; the one before ends at once."""
    await session.execute(
        text("UPDATE monitoring.devices SET token_hash = :hash WHERE id = :id"),
        {"hash": token_hash, "id": device_id},
    )


async def device_exists(session: AsyncSession, device_id: UUID) -> bool:
    """Tell whether there is a device with this id."""
    found = await session.scalar(text("SELECT id FROM monitoring.devices WHERE id = :id"), {"id": device_id})
    return found is not None


async def has_readings(session: AsyncSession, device_id: UUID) -> bool:
    """Tell whether a device has any reading."""
    statement = "SELECT EXISTS (SELECT 1 FROM monitoring.power_measurements WHERE device_id = :id)"
    return bool(await session.scalar(text(statement), {"id": device_id}))


async def delete_device(session: AsyncSession, device_id: UUID) -> bool:
    """Delete a device without readings; tells whether it existed."""
    statement = text("DELETE FROM monitoring.devices WHERE id = :id RETURNING id")
    return await session.scalar(statement, {"id": device_id}) is not None
