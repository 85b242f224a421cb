"""A tariff as rows of its tables, and rows as a tariff: one mapping for both run modes.

The fields of the shape are columns of the same names, so nothing here names them. Keys are added by who stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from portal.core.tariffs.rules.tariff_fields import members
from portal.core.tariffs.rules.tariffs import Holiday, Period, Season, Tariff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.core.tariffs.tables import (
        FleetTariff,
        FleetTariffHoliday,
        FleetTariffPeriod,
        FleetTariffSeason,
        TariffHoliday,
        TariffPeriod,
        TariffRecord,
        TariffSeason,
    )

    Heading = TariffRecord | FleetTariff
    PeriodRecord = TariffPeriod | FleetTariffPeriod
    SeasonRecord = TariffSeason | FleetTariffSeason
    HolidayRecord = TariffHoliday | FleetTariffHoliday
    Row = Heading | PeriodRecord | SeasonRecord | HolidayRecord

# Any: a field of the shape is a column of its name and type, which a test compares.
Values = dict[str, Any]
_Shape = TypeVar("_Shape", Tariff, Season, Period, Holiday)


def columns_of(part: Tariff | Season | Period | Holiday) -> Values:
    """Return the columns of a tariff or a part of it, by name; of a tariff also its id and its municipality's."""
    stored = (member.name for member in members(type(part)) if member.about.is_stored)
    return {name: getattr(part, name) for name in stored}


def season_rows(tariff: Tariff) -> Iterator[Values]:
    """Yield the columns of the seasons, each with its index."""
    for position, season in enumerate(tariff.seasons):
        yield {"position": position, **columns_of(season)}


def period_rows(tariff: Tariff) -> Iterator[Values]:
    """Yield the columns of all periods, each with the index of its season; those without one first."""
    seasons = [
        (None, tariff.periods),
        *((position, each.periods) for position, each in enumerate(tariff.seasons)),
    ]
    for position, periods in seasons:
        for period in periods:
            yield {"season": position, **columns_of(period)}


def holiday_rows(tariff: Tariff) -> Iterator[Values]:
    """Yield the columns of the holidays."""
    yield from map(columns_of, tariff.holidays)


@dataclass(frozen=True, slots=True)
class TariffParts:
    """The parts of many tariffs, each kind in the order in which a tariff has them."""

    seasons: Iterable[SeasonRecord]
    periods: Iterable[PeriodRecord]
    holidays: Iterable[HolidayRecord]


def tariffs_of(headings: Iterable[Heading], parts: TariffParts) -> Iterator[Tariff]:
    """Yield the tariffs of their rows."""
    periods: dict[tuple[int, int | None], list[Period]] = {}
    for row in parts.periods:
        periods.setdefault((row.tariff_id, row.season), []).append(_shape(Period, row))
    seasons: dict[int, list[Season]] = {}
    for row in parts.seasons:
        its_periods = tuple(periods.get((row.tariff_id, row.position), ()))
        seasons.setdefault(row.tariff_id, []).append(_shape(Season, row, periods=its_periods))
    holidays: dict[int, list[Holiday]] = {}
    for row in parts.holidays:
        holidays.setdefault(row.tariff_id, []).append(_shape(Holiday, row))
    for row in headings:
        yield _shape(
            Tariff,
            row,
            periods=tuple(periods.get((row.id, None), ())),
            seasons=tuple(seasons.get(row.id, ())),
            holidays=tuple(holidays.get(row.id, ())),
        )


# Any: the parts of a shape are fields of it, by their names.
def _shape(shape: type[_Shape], row: Row, **parts: Any) -> _Shape:
    values: Values = {
        member.name: getattr(row, member.name) for member in members(shape) if member.about.is_stored
    }
    return shape(**values, **parts)
