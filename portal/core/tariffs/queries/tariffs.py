"""Tariffs, read the same way in both run modes; written one by one on the Client, as it pushed them on the Admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col

from portal.core.tariffs import tables
from portal.core.tariffs.queries.tariff_rows import (
    TariffParts,
    Values,
    columns_of,
    holiday_rows,
    period_rows,
    season_rows,
    tariffs_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Mapped

    from portal.core.tariffs.rules.tariffs import Tariff

_Record = TypeVar("_Record", bound=SQLModel)


@dataclass(frozen=True)
class MunicipalTariffs:
    """A municipality, its IANA zone and its tariffs, in the order of their windows."""

    municipality_id: int
    name: str
    time_zone_id: str
    tariffs: tuple[Tariff, ...]


class _Tables(NamedTuple):
    """Where a run mode keeps tariffs."""

    municipality: type[tables.Municipality | tables.FleetMunicipality]
    tariff: type[tables.TariffRecord | tables.FleetTariff]
    season: type[tables.TariffSeason | tables.FleetTariffSeason]
    period: type[tables.TariffPeriod | tables.FleetTariffPeriod]
    holiday: type[tables.TariffHoliday | tables.FleetTariffHoliday]


_CLIENT = _Tables(
    tables.Municipality, tables.TariffRecord, tables.TariffSeason, tables.TariffPeriod, tables.TariffHoliday
)
_FLEET = _Tables(
    tables.FleetMunicipality,
    tables.FleetTariff,
    tables.FleetTariffSeason,
    tables.FleetTariffPeriod,
    tables.FleetTariffHoliday,
)


async def load(session: AsyncSession, customer_id: UUID | None = None) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality with all its tariffs and their parts: a customer's, or without one this Client's."""
    of = _CLIENT if customer_id is None else _FLEET
    scope = {} if customer_id is None else {"customer_id": customer_id}

    async def rows(
        record: type[_Record], *order: Mapped[int] | Mapped[str] | Mapped[date]
    ) -> Sequence[_Record]:
        # As it is stored now, whatever this session has seen of it before.
        found = select(record).filter_by(**scope).order_by(*order).execution_options(populate_existing=True)
        return (await session.scalars(found)).all()

    municipalities = await rows(of.municipality, col(of.municipality.name))
    headings = await rows(of.tariff, col(of.tariff.effective_from), col(of.tariff.id))
    parts = TariffParts(
        seasons=await rows(of.season, col(of.season.tariff_id), col(of.season.position)),
        periods=await rows(of.period, col(of.period.id)),
        holidays=await rows(of.holiday, col(of.holiday.tariff_id), col(of.holiday.on_date)),
    )
    tariffs: dict[int | None, list[Tariff]] = {}
    for tariff in tariffs_of(headings, parts):
        tariffs.setdefault(tariff.municipality_id, []).append(tariff)
    return tuple(
        MunicipalTariffs(m.id, m.name, m.time_zone_id, tuple(tariffs.get(m.id, ()))) for m in municipalities
    )


async def load_of_fleet(session: AsyncSession) -> dict[UUID, tuple[MunicipalTariffs, ...]]:
    """Return the same of every customer of the Admin that has any municipality, its municipalities by id."""
    found = [
        await _by_customer(session, select(record).order_by(*order))
        for record, order in (
            (tables.FleetTariff, (col(tables.FleetTariff.effective_from), col(tables.FleetTariff.id))),
            (tables.FleetTariffSeason, (col(tables.FleetTariffSeason.position),)),
            (tables.FleetTariffPeriod, (col(tables.FleetTariffPeriod.id),)),
            (tables.FleetTariffHoliday, (col(tables.FleetTariffHoliday.on_date),)),
        )
    ]
    headings, seasons, periods, holidays = found
    fleet: dict[UUID, list[MunicipalTariffs]] = {}
    tariffs: dict[tuple[UUID, int | None], list[Tariff]] = {}
    for customer, its_headings in headings.items():
        parts = TariffParts(seasons.get(customer, ()), periods.get(customer, ()), holidays.get(customer, ()))
        for tariff in tariffs_of(its_headings, parts):
            tariffs.setdefault((customer, tariff.municipality_id), []).append(tariff)
    for m in await session.scalars(
        select(tables.FleetMunicipality).order_by(col(tables.FleetMunicipality.id))
    ):
        its_tariffs = tuple(tariffs.get((m.customer_id, m.id), ()))
        fleet.setdefault(m.customer_id, []).append(
            MunicipalTariffs(m.id, m.name, m.time_zone_id, its_tariffs)
        )
    return {customer: tuple(municipalities) for customer, municipalities in fleet.items()}


# Any: rows of one of the tables of the fleet, which all have a customer; whoever asks knows which.
async def _by_customer(session: AsyncSession, rows: Select[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}  # Any: as above
    for row in await session.scalars(rows):
        found.setdefault(row.customer_id, []).append(row)
    return found


async def upsert(session: AsyncSession, tariff: Tariff) -> int:
    """Store a Client's tariff: the one of the same municipality, name and first day is replaced, with its parts."""
    identity = ("municipality_id", "name", "effective_from")
    columns = _unnumbered(tariff)
    new = insert(tables.TariffRecord).values(columns)
    others = {name: new.excluded[name] for name in columns if name not in identity}
    tariff_id = await session.scalar(
        new.on_conflict_do_update(
            index_elements=identity, set_=others | {"updated_at": func.now()}
        ).returning(col(tables.TariffRecord.id))
    )
    stored_id = int(tariff_id or 0)
    await _replace_parts(session, stored_id, tariff)
    return stored_id


async def insert_as(session: AsyncSession, tariff: Tariff, tariff_id: int) -> None:
    """Store a Client's tariff under a number that is free, with its parts."""
    await session.execute(insert(tables.TariffRecord).values(columns_of(tariff) | {"id": tariff_id}))
    await _replace_parts(session, tariff_id, tariff)


async def update(session: AsyncSession, tariff: Tariff) -> bool:
    """Store a Client's tariff under its id, with its parts; False when there is none with that id any more."""
    key = col(tables.TariffRecord.id)
    changed = sa.update(tables.TariffRecord).where(key == tariff.id)
    found = await session.scalar(changed.values(**_unnumbered(tariff), updated_at=func.now()).returning(key))
    if found is None:
        return False
    await _replace_parts(session, found, tariff)
    return True


async def lock(session: AsyncSession, tariff_id: int) -> bool:
    """Keep a Client's tariff with its parts as it is until the end of the transaction; False when there is none."""
    key = col(tables.TariffRecord.id)
    return (
        await session.scalar(select(key).where(key == tariff_id).with_for_update(key_share=True)) is not None
    )


async def lock_all(session: AsyncSession) -> None:
    """Keep all of a Client's tariffs as they are until the end of the transaction, and let no other come to them.

    Whoever changes one waits, also before looking at it; readers do not. For many at once: row by row would miss those
    that somebody is adding.
    """
    await session.execute(sa.text("LOCK TABLE app.tariffs IN EXCLUSIVE MODE"))


async def delete(session: AsyncSession, tariff_id: int) -> bool:
    """Delete a Client's tariff with its parts; False when it is gone already."""
    key = col(tables.TariffRecord.id)
    return (
        await session.scalar(sa.delete(tables.TariffRecord).where(key == tariff_id).returning(key))
        is not None
    )


def _unnumbered(tariff: Tariff) -> Values:
    return {name: value for name, value in columns_of(tariff).items() if name != "id"}


async def _replace_parts(session: AsyncSession, tariff_id: int, tariff: Tariff) -> None:
    for record in (tables.TariffPeriod, tables.TariffSeason, tables.TariffHoliday):
        await session.execute(sa.delete(record).where(col(record.tariff_id) == tariff_id))
    key = {"tariff_id": tariff_id}
    await _insert(session, tables.TariffSeason, [key | row for row in season_rows(tariff)])
    await _insert(session, tables.TariffPeriod, [key | row for row in period_rows(tariff)])
    await _insert(session, tables.TariffHoliday, [key | row for row in holiday_rows(tariff)])


async def replace_pushed(session: AsyncSession, customer_id: UUID, tariffs: Iterable[Tariff]) -> None:
    """Store a customer's tariffs under their ids, with their parts; the caller holds the customer's row.

    Their municipalities must exist. Of a tariff that had ended it is known again that it has not.
    """
    by_id = {tariff.id: tariff for tariff in tariffs}
    ordered = [by_id[key] for key in sorted(key for key in by_id if key is not None)]
    if not ordered:
        return
    customer = {"customer_id": customer_id}
    rows = [customer | columns_of(tariff) for tariff in ordered]
    new = insert(tables.FleetTariff)
    keys = ("customer_id", "id")
    others = {name: new.excluded[name] for name in rows[0] if name not in keys}
    stamps = {"received_at": func.now(), "ended_at": None}
    await session.execute(new.on_conflict_do_update(index_elements=keys, set_=others | stamps), rows)
    await _replace_pushed_parts(session, customer_id, ordered)


async def _replace_pushed_parts(session: AsyncSession, customer_id: UUID, tariffs: Sequence[Tariff]) -> None:
    ids = [tariff.id for tariff in tariffs]
    for record in (tables.FleetTariffPeriod, tables.FleetTariffSeason, tables.FleetTariffHoliday):
        of_them = col(record.customer_id) == customer_id, col(record.tariff_id).in_(ids)
        await session.execute(sa.delete(record).where(*of_them))
    keyed = [({"customer_id": customer_id, "tariff_id": tariff.id}, tariff) for tariff in tariffs]
    seasons = [key | row for key, tariff in keyed for row in season_rows(tariff)]
    await _insert(session, tables.FleetTariffSeason, seasons)
    # Periods have no id on the wire: they are numbered per customer.
    last = select(func.coalesce(func.max(col(tables.FleetTariffPeriod.id)), 0))
    last_id = await session.scalar(last.where(col(tables.FleetTariffPeriod.customer_id) == customer_id)) or 0
    periods = [key | row for key, tariff in keyed for row in period_rows(tariff)]
    numbered = [{"id": last_id + number, **row} for number, row in enumerate(periods, start=1)]
    await _insert(session, tables.FleetTariffPeriod, numbered)
    holidays = [key | row for key, tariff in keyed for row in holiday_rows(tariff)]
    await _insert(session, tables.FleetTariffHoliday, holidays)


async def _insert(session: AsyncSession, record: type[SQLModel], rows: list[Values]) -> None:
    if rows:
        await session.execute(insert(record), rows)
