"""Tariffs, read the same way in both run modes and written on the Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.tariffs import Period, Tariff

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class MunicipalTariffs:
    """A municipality, its IANA zone and its tariffs, in the order of their windows."""

    municipality_id: int
    name: str
    time_zone_id: str
    tariffs: tuple[Tariff, ...]


@dataclass(frozen=True)
class TariffTables:
    """Where a run mode keeps tariffs; `scope` restricts a statement to one customer."""

    municipalities: str
    tariffs: str
    periods: str
    scope: str


CLIENT = TariffTables("app.municipalities", "app.tariffs", "app.tariff_periods", "true")
FLEET = TariffTables(
    "fleet.municipalities",
    "fleet.tariffs",
    "fleet.tariff_periods",
    "customer_id = CAST(:customer_id AS uuid)",
)


async def load(
    session: AsyncSession, tables: TariffTables, customer_id: UUID | None = None
) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality of the scope with all its tariffs and their periods."""
    scope = {} if customer_id is None else {"customer_id": customer_id}
    municipalities = await session.execute(
        text(
            f"SELECT id, name, time_zone_id FROM {tables.municipalities} WHERE {tables.scope} ORDER BY name"
        ),
        scope,
    )
    periods = await _periods(session, tables, scope)
    tariffs = await _tariffs(session, tables, scope, periods)
    return tuple(
        MunicipalTariffs(m.id, m.name, m.time_zone_id, tuple(tariffs.get(m.id, ()))) for m in municipalities
    )


async def _periods(
    session: AsyncSession, tables: TariffTables, scope: dict[str, Any]
) -> dict[int, list[Period]]:
    rows = await session.execute(
        text(
            f"SELECT tariff_id, name, days_of_week, start_time, end_time, rate_per_kwh "
            f"FROM {tables.periods} WHERE {tables.scope} ORDER BY id"
        ),
        scope,
    )
    periods: dict[int, list[Period]] = {}
    for tariff_id, *values in rows:
        periods.setdefault(tariff_id, []).append(Period(*values))
    return periods


async def _tariffs(
    session: AsyncSession, tables: TariffTables, scope: dict[str, Any], periods: dict[int, list[Period]]
) -> dict[int, list[Tariff]]:
    rows = await session.execute(
        text(
            f"SELECT id, municipality_id, name, effective_from, effective_to, default_rate_per_kwh, "
            f"fixed_monthly_charge, vat_rate, is_active, currency "
            f"FROM {tables.tariffs} WHERE {tables.scope} ORDER BY effective_from, id"
        ),
        scope,
    )
    tariffs: dict[int, list[Tariff]] = {}
    for row in rows:
        tariff = Tariff(*row, periods=tuple(periods.get(row.id, ())))
        tariffs.setdefault(row.municipality_id, []).append(tariff)
    return tariffs


async def upsert(session: AsyncSession, tariff: Tariff) -> int:
    """Store a Client's tariff: the one of the same municipality, name and first day is replaced, with its periods."""
    values = {
        "municipality_id": tariff.municipality_id,
        "name": tariff.name,
        "effective_from": tariff.effective_from,
        "effective_to": tariff.effective_to,
        "default_rate": tariff.default_rate_per_kwh,
        "fixed": tariff.fixed_monthly_charge,
        "vat_rate": tariff.vat_rate,
        "currency": tariff.currency,
        "is_active": tariff.is_active,
    }
    tariff_id = int(
        await session.scalar(
            text(
                "INSERT INTO app.tariffs (municipality_id, name, effective_from, effective_to, default_rate_per_kwh, "
                "fixed_monthly_charge, vat_rate, currency, is_active) "
                "VALUES (:municipality_id, :name, :effective_from, :effective_to, :default_rate, :fixed, :vat_rate, "
                ":currency, :is_active) ON CONFLICT (municipality_id, name, effective_from) DO UPDATE SET "
                "effective_to = excluded.effective_to, default_rate_per_kwh = excluded.default_rate_per_kwh, "
                "fixed_monthly_charge = excluded.fixed_monthly_charge, vat_rate = excluded.vat_rate, "
                "currency = excluded.currency, is_active = excluded.is_active, updated_at = now() RETURNING id"
            ),
            values,
        )
    )
    await _replace_periods(session, tariff_id, tariff)
    return tariff_id


async def _replace_periods(session: AsyncSession, tariff_id: int, tariff: Tariff) -> None:
    await session.execute(text("DELETE FROM app.tariff_periods WHERE tariff_id = :id"), {"id": tariff_id})
    for period in tariff.periods:
        await session.execute(
            text(
                "INSERT INTO app.tariff_periods (tariff_id, name, days_of_week, start_time, end_time, rate_per_kwh) "
                "VALUES (:tariff_id, :name, :days, :start, :end, :rate)"
            ),
            {
                "tariff_id": tariff_id,
                "name": period.name,
                "days": period.days_of_week,
                "start": period.start,
                "end": period.end,
                "rate": period.rate_per_kwh,
            },
        )
