"""The prices of a tariff as a short list, such as three for each season, and others in their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from portal.core.tariffs.rules.tariffs import Period, Tariff


@dataclass(frozen=True, slots=True)
class NamedPrice:
    """A rate per kWh of a season ("" outside all of them) by its period's name; `name` None is the default rate.

    Periods of one season, name and rate have one price, whatever their days and times; the default rate has that of a
    period of its season that costs the same. So a published tariff has as many as are printed.
    """

    season: str
    name: str | None
    rate_per_kwh: Decimal


_Group = tuple[int, str | None, Decimal]


def prices_of(tariff: Tariff) -> tuple[NamedPrice, ...]:
    """Return the prices in the order in which a price list has them: those of the rest of the year first."""
    names = ["", *(season.name for season in tariff.seasons)]
    return tuple(NamedPrice(names[season + 1], name, rate) for season, name, rate in _groups(tariff))


def with_prices(tariff: Tariff, rates: Sequence[Decimal]) -> Tariff:
    """Return the tariff with other rates, as many and in the order of `prices_of`."""
    new = dict(zip(_groups(tariff), rates, strict=True))
    return replace(
        tariff,
        default_rate_per_kwh=new[_default(-1, tariff.default_rate_per_kwh, tariff.periods)],
        periods=_periods(-1, tariff.periods, new),
        seasons=tuple(
            replace(
                season,
                default_rate_per_kwh=new[_default(index, season.default_rate_per_kwh, season.periods)],
                periods=_periods(index, season.periods, new),
            )
            for index, season in enumerate(tariff.seasons)
        ),
    )


def _groups(tariff: Tariff) -> list[_Group]:
    parts = [
        (-1, tariff.default_rate_per_kwh, tariff.periods),
        *((index, each.default_rate_per_kwh, each.periods) for index, each in enumerate(tariff.seasons)),
    ]
    found: dict[_Group, None] = {}
    for season, default, periods in parts:
        for period in periods:
            found[season, period.name, period.rate_per_kwh] = None
        found[_default(season, default, periods)] = None
    return list(found)


def _default(season: int, rate: Decimal, periods: Sequence[Period]) -> _Group:
    alike = (period.name for period in periods if period.rate_per_kwh == rate)
    return season, next(alike, None), rate


def _periods(season: int, periods: Sequence[Period], new: Mapping[_Group, Decimal]) -> tuple[Period, ...]:
    return tuple(
        replace(period, rate_per_kwh=new[season, period.name, period.rate_per_kwh]) for period in periods
    )
