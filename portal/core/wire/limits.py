"""What a decimal on the wire may be: the range and scale of the column that keeps it."""

from decimal import Decimal

from portal.core.wire.registry import DeviceRow
from portal.core.wire.tariffs import TariffPeriodRow, TariffRow

_MAX_RATE = Decimal(1_000_000)
_MAX_CHARGE = Decimal(10_000_000_000)
_MAX_SHARE = Decimal(10)
_MAX_KILOWATTS = Decimal(1_000_000_000)
# Far below the last digit any column keeps; an exponent below it would only cost memory.
_MIN_EXPONENT = -30


def device_problem(row: DeviceRow) -> str | None:
    """Return what is wrong with a device row, or None."""
    if row.max_power_kw is None:
        return None
    return _range_problem("maxPowerKw", row.max_power_kw, _MAX_KILOWATTS, least=Decimal(0))


def tariff_problem(row: TariffRow) -> str | None:
    """Return what is wrong with the figures or dates of a tariff row, or None."""
    if row.effective_to is not None and row.effective_to < row.effective_from:
        return "effectiveTo: before effectiveFrom"
    return (
        _range_problem("defaultRatePerKwh", row.default_rate_per_kwh, _MAX_RATE)
        or _range_problem("fixedMonthlyCharge", row.fixed_monthly_charge, _MAX_CHARGE)
        or _range_problem("vatRate", row.vat_rate, _MAX_SHARE, least=Decimal(0))
        or _first_period_problem(row.periods)
    )


def _first_period_problem(periods: list[TariffPeriodRow]) -> str | None:
    for place, period in enumerate(periods):
        problem = _range_problem(f"periods[{place}].ratePerKwh", period.rate_per_kwh, _MAX_RATE)
        if problem is not None:
            return problem
    return None


def _range_problem(field: str, value: Decimal, limit: Decimal, least: Decimal | None = None) -> str | None:
    if least is not None and value < least:
        return f"{field}: less than {least}"
    exponent = value.as_tuple().exponent
    if abs(value) >= limit or not isinstance(exponent, int) or exponent < _MIN_EXPONENT:
        return f"{field}: out of range"
    return None
