"""The tariffs that several tests speak of."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from portal.core.tariffs.rules.tariffs import Period, Rate, Tariff, day_kind, day_schedule

PEAK = Period("Peak", 31, time(17), time(20), Decimal("3.75"))
OFF_PEAK = Period("Off-Peak", 96, time(0), time(23, 59), Decimal("1.20"))


def tariff(*periods: Period, **changes: Any) -> Tariff:
    """The worked example's tariff, with changes."""
    fields: dict[str, Any] = {
        "id": 1,
        "municipality_id": 1,
        "name": "Domestic TOU",
        "effective_from": date(2026, 1, 1),
        "effective_to": None,
        "default_rate_per_kwh": Decimal("2.50"),
        "fixed_monthly_charge": Decimal("120.00"),
        "vat_rate": Decimal("0.15"),
        "is_active": True,
        "currency": None,
        "periods": periods or (PEAK, OFF_PEAK),
    }
    return Tariff(**(fields | changes))


def rate_at(tariff: Tariff, local: datetime) -> Rate:
    """The rate at a local wall-clock time, of the day's schedule by which the product prices; whatever the window."""
    minute = local.hour * 60 + local.minute
    schedule = day_schedule(tariff, day_kind(tariff, local.date()))
    return next(each.rate for each in schedule if each.start <= minute < each.end)
