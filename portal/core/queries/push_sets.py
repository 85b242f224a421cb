"""The four full sets a Client pushes, each read in one statement and in the order of its key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.wire.batches import BatchType
from portal.core.wire.registry import DeviceRow, MunicipalityRow, SiteRow
from portal.core.wire.tariffs import TariffPeriodRow, TariffRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    import msgspec
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class SetRow:
    """One row of a full set; `key` sorts as text in the order of the rows."""

    key: str
    updated_at: datetime
    row: msgspec.Struct


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
    periods: defaultdict[int, list[TariffPeriodRow]] = defaultdict(list)
    for row in await session.execute(
        text(
            "SELECT tariff_id, name, days_of_week, start_time, end_time, rate_per_kwh "
            "FROM app.tariff_periods ORDER BY tariff_id, id"
        )
    ):
        periods[row.tariff_id].append(_period(row))
    result = await session.execute(text("SELECT * FROM app.tariffs ORDER BY id"))
    return tuple(
        SetRow(_integer_key(row.id), row.updated_at, _tariff(row, periods[row.id], currency))
        for row in result
    )


def _period(row: Any) -> TariffPeriodRow:
    return TariffPeriodRow(
        name=row.name,
        days_of_week=row.days_of_week,
        start_time=f"{row.start_time:%H:%M}",
        end_time=f"{row.end_time:%H:%M}",
        rate_per_kwh=row.rate_per_kwh,
    )


def _tariff(row: Any, periods: list[TariffPeriodRow], currency: str) -> TariffRow:
    return TariffRow(
        id=row.id,
        municipality_id=row.municipality_id,
        name=row.name,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        default_rate_per_kwh=row.default_rate_per_kwh,
        fixed_monthly_charge=row.fixed_monthly_charge,
        vat_rate=row.vat_rate,
        is_active=row.is_active,
        # A tariff without its own currency is in this stack's: the Admin's default may be another.
        currency=row.currency or currency,
        periods=periods,
    )


_LOADERS: dict[BatchType, Callable[[AsyncSession, str], Awaitable[tuple[SetRow, ...]]]] = {
    BatchType.SITES: _sites,
    BatchType.DEVICES: _devices,
    BatchType.MUNICIPALITIES: _municipalities,
    BatchType.TARIFFS: _tariffs,
}


async def load_set(session: AsyncSession, resource: BatchType, currency: str) -> tuple[SetRow, ...]:
    """Return every row of one full set; `currency` is what a tariff without its own is in."""
    return await _LOADERS[resource](session, currency)
