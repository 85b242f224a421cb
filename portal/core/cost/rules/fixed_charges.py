"""Fixed monthly charges: for whole local calendar months, never in parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.core.tariffs.rules.tariffs import Tariff, active_tariff
from portal.core.values.money import exact_decimals
from portal.core.values.time import local_midnight


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """A tariff's fixed charge for one whole local calendar month; `month` is its first day."""

    month: date
    tariff_id: int | None
    amount: Decimal
    vat: Decimal
    currency: str | None


def fixed_charges(
    tariffs: Sequence[Tariff], zone: ZoneInfo, start_at: datetime, end_at: datetime
) -> list[FixedCharge]:
    """Return the fixed charges of one municipality for the whole local calendar months inside a window.

    A month is charged by the tariff that is active on its first day; a month that begins before `start_at` or
    ends after `end_at`, or that no tariff covers, is not charged. Both instants must be aware.
    """
    charges: list[FixedCharge] = []
    month = start_at.astimezone(zone).date().replace(day=1)
    while local_midnight(following := _next_month(month), zone) <= end_at:
        tariff = active_tariff(tariffs, month)
        if local_midnight(month, zone) >= start_at and tariff is not None:
            charges.append(_fixed_charge(month, tariff))
        month = following
    return charges


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _fixed_charge(month: date, tariff: Tariff) -> FixedCharge:
    with exact_decimals():
        vat = tariff.fixed_monthly_charge * tariff.vat_rate
    return FixedCharge(month, tariff.id, tariff.fixed_monthly_charge, vat, tariff.currency)
