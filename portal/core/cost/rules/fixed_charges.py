"""Fixed charges: a month's, day by day, so that any window carries its part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from portal.core.tariffs.rules.tariffs import Tariff, active_tariff
from portal.core.values.money import exact_decimals, share_of
from portal.core.values.time import local_midnight

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """A tariff's fixed charge for days of one local calendar month, first and last included.

    `amount` is the charge of the month in proportion to its days: as printed for all of them, else to 20 decimals.
    """

    first_day: date
    last_day: date
    tariff_id: int | None
    amount: Decimal
    vat: Decimal
    currency: str | None


def fixed_charges(
    tariffs: Sequence[Tariff], zone: ZoneInfo, start_at: datetime, end_at: datetime
) -> list[FixedCharge]:
    """Return the fixed charges of one municipality for the local days that begin in `[start_at, end_at)`, in order.

    A day carries its whole share from its midnight on, by the tariff that holds then; adjoining windows add up. Days
    that no tariff covers are not charged. Both instants must be aware.
    """
    days = ((day, active_tariff(tariffs, day)) for day in _days(zone, start_at, end_at))
    return [
        _fixed_charge(run[0], run[-1], tariff)
        for (_, tariff), found in groupby(days, key=lambda each: (each[0].replace(day=1), each[1]))
        if tariff is not None and (run := [day for day, _ in found])
    ]


def _days(zone: ZoneInfo, start_at: datetime, end_at: datetime) -> Iterator[date]:
    day = start_at.astimezone(zone).date()
    if local_midnight(day, zone) < start_at:
        day += _DAY
    while local_midnight(day, zone) < end_at:
        yield day
        day += _DAY


def _fixed_charge(first: date, last: date, tariff: Tariff) -> FixedCharge:
    month = (first.replace(day=1) + timedelta(days=31)).replace(day=1) - first.replace(day=1)
    amount = share_of(tariff.fixed_monthly_charge, (last - first).days + 1, month.days)
    with exact_decimals():
        vat = amount * tariff.vat_rate
    return FixedCharge(first, last, tariff.id, amount, vat, tariff.currency)
