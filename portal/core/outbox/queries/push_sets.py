"""The full sets a Client pushes, each read in one statement and in the order of its key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from msgspec import UNSET
from sqlalchemy import select
from sqlmodel import col

from portal.core.brand import queries as brands
from portal.core.brand.wire import MOST_LOGO_BYTES, PushedBrand
from portal.core.database.layout import LAYOUTS
from portal.core.energy.queries.decisions import all_decisions, decision_row
from portal.core.energy.queries.learned import all_learned
from portal.core.energy.wire import MeterDecisionRow
from portal.core.exchange.batches import BatchType
from portal.core.settings import RunMode
from portal.core.sites.rules.meter_tree import formula_of
from portal.core.sites.tables import Device, DeviceClock, Site
from portal.core.sites.wire import (
    MOST_SECONDS,
    DeviceRow,
    LearnedRow,
    LearnedRung,
    MunicipalityRow,
    SiteRow,
    formula_row,
)
from portal.core.tariffs.queries import tariffs
from portal.core.tariffs.tables import Municipality, TariffRecord
from portal.core.tariffs.wire import TariffRow, tariff_row
from portal.core.values.texts import shown_text
from portal.core.values.time import whole_seconds
from portal.core.wire_fields import TEXTS_OF_LINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    import msgspec
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.energy.queries.learned import LearnedMeter
    from portal.core.tariffs.rules.tariffs import Tariff


NamedRow = SiteRow | DeviceRow | MunicipalityRow | TariffRow
AnyRow = NamedRow | MeterDecisionRow | PushedBrand
RowT_co = TypeVar("RowT_co", bound=AnyRow, covariant=True)


@dataclass(frozen=True)
class SetRow(Generic[RowT_co]):
    """One row of a full set, as it is in a batch of its type; `key` sorts as text in the order of the rows."""

    key: str
    updated_at: datetime
    row: RowT_co


def _integer_key(value: int) -> str:
    return f"{value:010d}"


async def sites(session: AsyncSession) -> tuple[SetRow[SiteRow], ...]:
    """Return every site, as `load_set` does."""
    found = await session.execute(
        select(
            col(Site.id),
            col(Site.name),
            col(Site.address),
            col(Site.is_active),
            col(Site.municipality_id),
            col(Site.updated_at),
        ).order_by(col(Site.id))
    )
    return _cleaned(
        SetRow(
            str(key),
            updated_at,
            SiteRow(
                id=key, name=name, address=address, is_active=is_active, local_municipality_id=municipality
            ),
        )
        for key, name, address, is_active, municipality, updated_at in found
    )


_DEVICES = (
    select(
        col(Device.id),
        col(Device.site_id),
        col(Device.name),
        col(Device.external_id),
        col(Device.description),
        col(Device.max_power_kw),
        col(Device.is_active),
        col(Device.updated_at),
        col(DeviceClock.skew),
        col(Device.parent_id),
        col(Device.formula),
        col(Device.register_digits),
    )
    .outerjoin(DeviceClock, col(DeviceClock.device_id) == col(Device.id))
    .order_by(col(Device.id))
)


async def devices(session: AsyncSession) -> tuple[SetRow[DeviceRow], ...]:
    """Return every device, as `load_set` does."""
    found = await all_learned(session, LAYOUTS[RunMode.CLIENT])
    learned = {each.key[0]: _learned(each) for each in found}
    return _cleaned(_device(row, learned) for row in await session.execute(_DEVICES))


def _learned(found: LearnedMeter) -> LearnedRow:
    rungs = [LearnedRung(at=at, watts=watts) for at, watts in found.rungs]
    return LearnedRow(watts=found.watts, count_milliwh=found.count_milliwh, rungs=rungs)


# Any: a row of `_DEVICES`, whose columns the fields name.
def _device(row: Any, learned: Mapping[UUID, LearnedRow]) -> SetRow[DeviceRow]:
    key, site_id, name, external_id, description, max_power_kw, is_active, updated_at, *more = row
    skew, parent_id, formula, digits = more
    device = DeviceRow(
        id=key,
        site_id=site_id,
        name=name,
        external_id=external_id,
        description=description,
        max_power_kw=max_power_kw,
        is_active=is_active,
        # Left out where there is none: an older Admin is sent what it was sent before.
        clock_skew_seconds=UNSET if skew is None else _within_bounds(whole_seconds(skew)),
        parent_id=parent_id or UNSET,
        formula=formula_row(formula_of(formula)) or UNSET,
        register_digits=digits or UNSET,
        learned=learned.get(key, UNSET),
    )
    return SetRow(str(key), updated_at, device)


def _within_bounds(seconds: int) -> int:
    return max(-MOST_SECONDS, min(seconds, MOST_SECONDS))


async def municipalities(session: AsyncSession) -> tuple[SetRow[MunicipalityRow], ...]:
    """Return every municipality, as `load_set` does."""
    found = await session.execute(
        select(
            col(Municipality.id),
            col(Municipality.name),
            col(Municipality.time_zone_id),
            col(Municipality.updated_at),
        ).order_by(col(Municipality.id))
    )
    return _cleaned(
        SetRow(_integer_key(key), updated_at, MunicipalityRow(id=key, name=name, time_zone_id=zone))
        for key, name, zone, updated_at in found
    )


async def tariff_set(session: AsyncSession, currency: str) -> tuple[SetRow[TariffRow], ...]:
    """Return every tariff, as `load_set` does."""
    changed = await session.execute(select(col(TariffRecord.id), col(TariffRecord.updated_at)))
    updated_at = dict(changed.all())
    found = {
        tariff.id: tariff
        for municipality in await tariffs.load(session)
        for tariff in municipality.tariffs
        if tariff.id is not None
    }
    return _cleaned(
        SetRow(_integer_key(key), updated_at[key], _tariff(found[key], currency)) for key in sorted(found)
    )


def _tariff(tariff: Tariff, currency: str) -> TariffRow:
    # A tariff without its own currency is in this stack's: the Admin's default may be another.
    return tariff_row(replace(tariff, currency=tariff.currency or currency))


async def decisions(session: AsyncSession) -> tuple[SetRow[MeterDecisionRow], ...]:
    """Return every decision about a meter, as `load_set` does."""
    found = await all_decisions(session, LAYOUTS[RunMode.CLIENT])
    return tuple(
        SetRow(str(each.id), each.decided_at, decision_row(each))
        for each in sorted(found, key=lambda one: one.id)
    )


async def brand(session: AsyncSession) -> tuple[SetRow[PushedBrand], ...]:
    """Return the brand, once anything of it was chosen; as `load_set` does."""
    look = await brands.find(session)
    logo = await brands.find_image(session, "logo", MOST_LOGO_BYTES)
    chosen = [each.updated_at for each in (look, logo) if each is not None]
    if not chosen:
        return ()
    row = PushedBrand(
        product_name=None if look is None else look.product_name,
        primary_color=None if look is None else look.primary_color,
        accent_color=None if look is None else look.accent_color,
        appearance=None if look is None else _appearance(look.appearance),
        logo=None if logo is None else logo.content,
    )
    return _cleaned([SetRow(_integer_key(row.id), max(chosen), row)])


def _appearance(stored: str) -> Literal["system", "light", "dark"]:
    return "light" if stored == "light" else "dark" if stored == "dark" else "system"


async def load_set(session: AsyncSession, resource: BatchType, currency: str) -> tuple[SetRow[AnyRow], ...]:
    """Return every row of one full set; `currency` is what a tariff without its own is in.

    A text stored by an earlier release goes without the characters that are refused now: a site that the Admin does
    not take would keep its readings from going, too. Raises `ValueError` for readings, which are no set.
    """
    match resource:
        case BatchType.SITES:
            return await sites(session)
        case BatchType.DEVICES:
            return await devices(session)
        case BatchType.MUNICIPALITIES:
            return await municipalities(session)
        case BatchType.TARIFFS:
            return await tariff_set(session, currency)
        case BatchType.EVENTS:
            return await decisions(session)
        case BatchType.BRAND:
            return await brand(session)
        case BatchType.MEASUREMENTS:
            message = "readings are pushed as they come, not as a set"
            raise ValueError(message)


def _cleaned(rows: Iterable[SetRow[RowT_co]]) -> tuple[SetRow[RowT_co], ...]:
    found = tuple(rows)
    for each in found:
        _clean(each.row)
    return found


def _clean(row: msgspec.Struct) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, str):
            setattr(row, name, shown_text(value, lines=name in TEXTS_OF_LINES))
        elif isinstance(value, list):
            for part in cast("list[msgspec.Struct]", value):
                _clean(part)
