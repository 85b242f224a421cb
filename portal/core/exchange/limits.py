"""What a well-formed row may still not be: figures no column keeps, zones nobody knows, unsound tariffs."""

from decimal import Decimal

import msgspec

from portal.core.energy.rules.registers import are_register_digits
from portal.core.sites.rules.rated_power import MOST_KW
from portal.core.sites.wire import DeviceRow, MunicipalityRow
from portal.core.tariffs.rules.tariff_wire import TariffInvalid, tariff_from_wire
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.wire import TariffRow
from portal.core.values.time import is_zone


def device_problem(row: DeviceRow) -> str | None:
    """Return what is wrong with a device row, or None."""
    power_kw = row.max_power_kw
    if power_kw is not None and not 0 <= power_kw < MOST_KW:
        return "maxPowerKw: out of range"
    digits = row.register_digits
    if isinstance(digits, int) and not are_register_digits(digits):
        return "registerDigits: out of range"
    return None


def municipality_problem(row: MunicipalityRow) -> str | None:
    """Return what is wrong with a municipality row, or None."""
    return None if is_zone(row.time_zone_id) else f"timeZoneId: {row.time_zone_id!r} is not an IANA time zone"


def tariff_problem(row: TariffRow) -> str | None:
    """Return what is wrong with a tariff row, or None; the rules are those of every other way in."""
    try:
        to_tariff(row)
    except TariffInvalid as error:
        path, message = error.problems[0]
        return f"{path}: {message}"
    return None


def to_tariff(row: TariffRow) -> Tariff:
    """Return the tariff a row describes. Raises TariffInvalid."""
    return tariff_from_wire(msgspec.to_builtins(row, builtin_types=(Decimal,)))
