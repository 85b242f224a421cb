"""The four full sets a Client pushes, each read in one statement and in the order of its key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from portal.core.exchange.batches import BatchType
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.queries import tariffs
from portal.core.tariffs.wire import TariffRow, tariff_row
from portal.core.values.texts import shown_text
from portal.core.wire_fields import TEXTS_OF_LINES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    import msgspec
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.tariffs.rules.tariffs import Tariff


@dataclass(frozen=True)
class SetRow:
    """One row of a full set, as it is in a batch of its type; `key` sorts as text in the order of the rows."""

    key: str
    updated_at: datetime
    row: Any


def _integer_key(value: int) -> str:
    return f"{value:010d}"


async def _sites(session: AsyncSession, _: str) -> tuple[SetRow, ...]:
    result = await session.execute(
        text(
            "SELECT id, name, address, is_active, municipality_id, updated_at "
            "FROM monitoring.sites ORDER BY id"
        )
    )
    return tuple(
        SetRow(
            str(row.id),
            row.updated_at,
            SiteRow(
                id=row.id,
                name=row.name,
                address=row.address,
                is_active=row.is_active,
                local_municipality_id=row.municipality_id,
            ),
        )
        for row in result
    )


async def _devices(session: AsyncSession, _: str) -> tuple[SetRow, ...]:
    result = await session.execute(
        text(
            "SELECT id, site_id, name, external_id, description, max_power_kw, is_active, updated_at "
            "FROM monitoring.devices ORDER BY id"
        )
    )
    return tuple(SetRow(str(row.id), row.updated_at, _device(row)) for row in result)


def _device(row: Any) -> DeviceRow:
    return DeviceRow(
        id=row.id,
        site_id=row.site_id,
        name=row.name,
        external_id=row.external_id,
        description=row.description,
        max_power_kw=row.max_power_kw,
        is_active=row.is_active,
    )


async def _municipalities(session: AsyncSession, _: str) -> tuple[SetRow, ...]:
    result = await session.execute(
        text("SELECT id, name, time_zone_id, updated_at FROM app.municipalities ORDER BY id")
    )
    return tuple(
        SetRow(
            _integer_key(row.id),
            row.updated_at,
            MunicipalityRow(id=row.id, name=row.name, time_zone_id=row.time_zone_id),
        )
        for row in result
    )


async def _tariffs(session: AsyncSession, currency: str) -> tuple[SetRow, ...]:
    changed = await session.execute(text("SELECT id, updated_at FROM app.tariffs"))
    updated_at = {row.id: row.updated_at for row in changed}
    found = {
        tariff.id: tariff
        for place in await tariffs.load(session)
        for tariff in place.tariffs
        if tariff.id is not None
    }
    return tuple(
        SetRow(_integer_key(key), updated_at[key], _tariff(found[key], currency)) for key in sorted(found)
    )


def _tariff(tariff: Tariff, currency: str) -> TariffRow:
    # A tariff without its own currency is in this stack's: the Admin's default may be another.
    return tariff_row(replace(tariff, currency=tariff.currency or currency))


_LOADERS: dict[BatchType, Callable[[AsyncSession, str], Awaitable[tuple[SetRow, ...]]]] = {
    BatchType.SITES: _sites,
    BatchType.DEVICES: _devices,
    BatchType.MUNICIPALITIES: _municipalities,
    BatchType.TARIFFS: _tariffs,
}


async def load_set(session: AsyncSession, resource: BatchType, currency: str) -> tuple[SetRow, ...]:
    """Return every row of one full set; `currency` is what a tariff without its own is in.

    A text stored by an earlier release goes without the characters that are refused now: a site that the Admin does
    not take would keep its readings from going, too.
    """
    rows = await _LOADERS[resource](session, currency)
    for each in rows:
        _clean(each.row)
    return rows


def _clean(row: msgspec.Struct) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, str):
            setattr(row, name, shown_text(value, lines=name in TEXTS_OF_LINES))
        elif isinstance(value, list):
            for part in cast("list[msgspec.Struct]", value):
                _clean(part)
