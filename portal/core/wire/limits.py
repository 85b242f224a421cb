"""What a well-formed row may still not be: figures no column keeps, zones nobody knows, unsound tariffs."""

from datetime import time
from decimal import Decimal

from portal.core.domain.tariffs import Period, Tariff, is_zone, problems
from portal.core.wire.registry import DeviceRow, MunicipalityRow
from portal.core.wire.tariffs import TariffPeriodRow, TariffRow

_MAX_KILOWATTS = Decimal(999_999_999)


def device_problem(row: DeviceRow) -> str | None:
    """Return what is wrong with a device row, or None."""
    power_kw = row.max_power_kw
    if power_kw is not None and not 0 <= power_kw < _MAX_KILOWATTS:
        return "maxPowerKw: out of range"
    return None


def municipality_problem(row: MunicipalityRow) -> str | None:
    """Return what is wrong with a municipality row, or None."""
    return None if is_zone(row.time_zone_id) else f"timeZoneId: {row.time_zone_id!r} is not an IANA time zone"


def tariff_problem(row: TariffRow) -> str | None:
    """Return what is wrong with a tariff row, or None; the rules are those of every other way in."""
    found = problems(to_tariff(row))
    return f"{found[0].path}: {found[0].message}" if found else None


def to_tariff(row: TariffRow) -> Tariff:
    """Return the tariff a row describes."""
    return Tariff(
        id=row.id,
        municipality_id=row.municipality_id,
        name=row.name,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        default_rate_per_kwh=row.default_rate_per_kwh,
        fixed_monthly_charge=row.fixed_monthly_charge,
        vat_rate=row.vat_rate,
        is_active=row.is_active,
        currency=row.currency,
        periods=tuple(_to_period(period) for period in row.periods),
    )


def _to_period(row: TariffPeriodRow) -> Period:
    start, end = time.fromisoformat(row.start_time), time.fromisoformat(row.end_time)
    return Period(row.name, row.days_of_week, start, end, row.rate_per_kwh)
