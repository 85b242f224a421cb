"""Tariffs, read the same way in both run modes and written on the Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from portal.core.tariffs.rules.tariffs import DayType, Holiday, MonthDay, Period, Season, Tariff

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

    schema: str
    municipalities: str
    scope: str

    def table(self, name: str) -> str:
        """Return a table of tariffs by its name."""
        return f"{self.schema}.{name}"


CLIENT = TariffTables("app", "app.municipalities", "true")
FLEET = TariffTables("fleet", "fleet.municipalities", "customer_id = CAST(:customer_id AS uuid)")


async def load(
    session: AsyncSession, tables: TariffTables, customer_id: UUID | None = None
) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality of the scope with all its tariffs and their parts."""
    scope = {} if customer_id is None else {"customer_id": customer_id}
    municipalities = await session.execute(
        text(
            f"SELECT id, name, time_zone_id FROM {tables.municipalities} WHERE {tables.scope} ORDER BY name"
        ),
        scope,
    )
    tariffs = await _tariffs(session, tables, scope)
    return tuple(
        MunicipalTariffs(m.id, m.name, m.time_zone_id, tuple(tariffs.get(m.id, ()))) for m in municipalities
    )


_PeriodKey = tuple[int, int | None]


async def _periods(
    session: AsyncSession, tables: TariffTables, scope: dict[str, Any]
) -> dict[_PeriodKey, list[Period]]:
    """Return the periods by tariff and season."""
    rows = await session.execute(
        text(
            f"SELECT tariff_id, season, name, days_of_week, start_time, end_time, rate_per_kwh "
            f"FROM {tables.table('tariff_periods')} WHERE {tables.scope} ORDER BY id"
        ),
        scope,
    )
    periods: dict[_PeriodKey, list[Period]] = {}
    for tariff_id, season, *values in rows:
        periods.setdefault((tariff_id, season), []).append(Period(*values))
    return periods


async def _seasons(
    session: AsyncSession,
    tables: TariffTables,
    scope: dict[str, Any],
    periods: dict[_PeriodKey, list[Period]],
) -> dict[int, list[Season]]:
    rows = await session.execute(
        text(
            f"SELECT tariff_id, place, name, first_day, last_day, default_rate_per_kwh "
            f"FROM {tables.table('tariff_seasons')} WHERE {tables.scope} ORDER BY tariff_id, place"
        ),
        scope,
    )
    seasons: dict[int, list[Season]] = {}
    for tariff_id, place, name, first, last, default_rate in rows:
        its_periods = tuple(periods.get((tariff_id, place), ()))
        season = Season(name, _month_day(first), _month_day(last), default_rate, its_periods)
        seasons.setdefault(tariff_id, []).append(season)
    return seasons


def _month_day(text_: str) -> MonthDay:
    month, day = text_.split("-")
    return MonthDay(int(month), int(day))


async def _holidays(
    session: AsyncSession, tables: TariffTables, scope: dict[str, Any]
) -> dict[int, list[Holiday]]:
    rows = await session.execute(
        text(
            f"SELECT tariff_id, on_date, name, day_type "
            f"FROM {tables.table('tariff_holidays')} WHERE {tables.scope} ORDER BY tariff_id, on_date"
        ),
        scope,
    )
    holidays: dict[int, list[Holiday]] = {}
    for tariff_id, on, name, day_type in rows:
        holidays.setdefault(tariff_id, []).append(Holiday(on, name, DayType(day_type)))
    return holidays


async def _tariffs(
    session: AsyncSession, tables: TariffTables, scope: dict[str, Any]
) -> dict[int, list[Tariff]]:
    periods = await _periods(session, tables, scope)
    seasons = await _seasons(session, tables, scope, periods)
    holidays = await _holidays(session, tables, scope)
    rows = await session.execute(
        text(
            f"SELECT id, municipality_id, name, effective_from, effective_to, default_rate_per_kwh, "
            f"fixed_monthly_charge, vat_rate, is_active, currency "
            f"FROM {tables.table('tariffs')} WHERE {tables.scope} ORDER BY effective_from, id"
        ),
        scope,
    )
    tariffs: dict[int, list[Tariff]] = {}
    for row in rows:
        tariff = Tariff(
            *row,
            periods=tuple(periods.get((row.id, None), ())),
            seasons=tuple(seasons.get(row.id, ())),
            holidays=tuple(holidays.get(row.id, ())),
        )
        tariffs.setdefault(row.municipality_id, []).append(tariff)
    return tariffs


_COLUMNS = (
    "municipality_id",
    "name",
    "effective_from",
    "effective_to",
    "default_rate_per_kwh",
    "fixed_monthly_charge",
    "vat_rate",
    "currency",
    "is_active",
)


async def upsert(session: AsyncSession, tariff: Tariff) -> int:
    """Store a Client's tariff: the one of the same municipality, name and first day is replaced, with its parts."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])
    tariff_id = await session.scalar(
        text(
            f"INSERT INTO app.tariffs ({', '.join(_COLUMNS)}) "
            f"VALUES ({', '.join(':' + name for name in _COLUMNS)}) "
            f"ON CONFLICT (municipality_id, name, effective_from) DO UPDATE SET {updates}, updated_at = now() "
            f"RETURNING id"
        ),
        {name: getattr(tariff, name) for name in _COLUMNS},
    )
    await _replace_parts(session, int(tariff_id), tariff)
    return int(tariff_id)


async def insert_as(session: AsyncSession, tariff: Tariff, tariff_id: int) -> None:
    """Store a Client's tariff under a number that is free, with its parts."""
    names = ("id", *_COLUMNS)
    await session.execute(
        text(
            f"INSERT INTO app.tariffs ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})"
        ),
        {"id": tariff_id} | {name: getattr(tariff, name) for name in _COLUMNS},
    )
    await _replace_parts(session, tariff_id, tariff)


async def update(session: AsyncSession, tariff: Tariff) -> bool:
    """Store a Client's tariff under its id, with its parts; False when there is none with that id any more."""
    updates = ", ".join(f"{name} = :{name}" for name in _COLUMNS)
    found = await session.scalar(
        text(f"UPDATE app.tariffs SET {updates}, updated_at = now() WHERE id = :id RETURNING id"),
        {"id": tariff.id} | {name: getattr(tariff, name) for name in _COLUMNS},
    )
    if found is None:
        return False
    await _replace_parts(session, int(found), tariff)
    return True


async def lock(session: AsyncSession, tariff_id: int) -> bool:
    """Keep a Client's tariff with its parts as it is until the end of the transaction; False when there is none."""
    found = await session.scalar(
        text("SELECT id FROM app.tariffs WHERE id = :id FOR NO KEY UPDATE"), {"id": tariff_id}
    )
    return found is not None


async def delete(session: AsyncSession, tariff_id: int) -> bool:
    """Delete a Client's tariff with its parts; False when it is gone already."""
    found = await session.scalar(
        text("DELETE FROM app.tariffs WHERE id = :id RETURNING id"), {"id": tariff_id}
    )
    return found is not None


async def _replace_parts(session: AsyncSession, tariff_id: int, tariff: Tariff) -> None:
    for table in ("tariff_periods", "tariff_seasons", "tariff_holidays"):
        await session.execute(text(f"DELETE FROM app.{table} WHERE tariff_id = :id"), {"id": tariff_id})
    seasons = [
        {
            "tariff_id": tariff_id,
            "place": place,
            "name": season.name,
            "first_day": str(season.first),
            "last_day": str(season.last),
            "default_rate_per_kwh": season.default_rate_per_kwh,
        }
        for place, season in enumerate(tariff.seasons)
    ]
    await _insert(session, "tariff_seasons", seasons)
    periods = [_period_row(tariff_id, None, period) for period in tariff.periods]
    for place, season in enumerate(tariff.seasons):
        periods.extend(_period_row(tariff_id, place, period) for period in season.periods)
    await _insert(session, "tariff_periods", periods)
    holidays = [
        {
            "tariff_id": tariff_id,
            "on_date": holiday.on,
            "name": holiday.name,
            "day_type": holiday.day_type.value,
        }
        for holiday in tariff.holidays
    ]
    await _insert(session, "tariff_holidays", holidays)


def _period_row(tariff_id: int, season: int | None, period: Period) -> dict[str, Any]:
    return {
        "tariff_id": tariff_id,
        "season": season,
        "name": period.name,
        "days_of_week": period.days_of_week,
        "start_time": period.start,
        "end_time": period.end,
        "rate_per_kwh": period.rate_per_kwh,
    }


async def _insert(session: AsyncSession, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        await session.execute(text(f"INSERT INTO app.{table} ({names}) VALUES ({values})"), rows)
