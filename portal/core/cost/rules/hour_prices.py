"""What a kWh of each hour costs, for charts and forecasts: bills are made of exact parts of hours instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portal.core.cost.rules.rates import Segment, at_hours
from portal.core.values.money import exact_decimals
from portal.core.values.time import HOUR


@dataclass(frozen=True, slots=True)
class HourPrice:
    """The period that most of a UTC hour lies in, and what a kWh of the hour costs with VAT: its parts by their length.

    `period_name` None is the default rate; without `is_priced` a part of the hour has no tariff, and costs nothing.
    """

    period_name: str | None
    per_kwh: Decimal
    is_priced: bool


_NO_PRICE = HourPrice(None, Decimal(0), is_priced=False)


def hour_prices(found: Sequence[Segment]) -> dict[datetime, HourPrice]:
    """Return the price of each UTC hour that segments, in order and without gaps, cover."""
    whole, split = at_hours(found)
    prices: dict[datetime, HourPrice] = {}
    for run in whole:
        price, hour = _price_of([run]), run.start_at
        while hour < run.end_at:
            prices[hour] = price
            hour += HOUR
    for each in split:
        prices[each.hour] = _price_of(each.segments)
    return prices


def _price_of(parts: Sequence[Segment]) -> HourPrice:
    longest = max(parts, key=lambda part: part.end_at - part.start_at)
    if longest.price is None:
        return _NO_PRICE
    with exact_decimals():
        length = sum((Decimal(_seconds(part)) for part in parts), Decimal(0))
        cost = sum((_seconds(part) * _with_vat(part) for part in parts), Decimal(0))
    is_priced = all(part.price is not None for part in parts)
    return HourPrice(longest.price.period_name, cost / length, is_priced)


def _seconds(part: Segment) -> int:
    return round((part.end_at - part.start_at).total_seconds())


def _with_vat(part: Segment) -> Decimal:
    return Decimal(0) if part.price is None else part.price.rate_per_kwh * (1 + part.price.vat_rate)
