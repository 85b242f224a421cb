"""A reading as devices, files and the simulated meter hand it over: eight quantities, each of which may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

QUANTITIES = (
    "active_power_kw",
    "reactive_power_kvar",
    "apparent_power_kva",
    "power_factor",
    "voltage_v",
    "frequency_hz",
    "energy_imported_kwh",
    "energy_exported_kwh",
)

MAX_SOURCE_LENGTH = 50


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One device's quantities at an aware instant; None is "not measured", which is not zero.

    Power is positive when drawn and negative when fed in; energies are cumulative registers.
    """

    at: datetime
    active_power_kw: float | None = None
    reactive_power_kvar: float | None = None
    apparent_power_kva: float | None = None
    power_factor: float | None = None
    voltage_v: float | None = None
    frequency_hz: float | None = None
    energy_imported_kwh: float | None = None
    energy_exported_kwh: float | None = None
    source: str | None = None

    @property
    def values(self) -> tuple[float | None, ...]:
        """The eight quantities in the order of QUANTITIES."""
        return (
            self.active_power_kw,
            self.reactive_power_kvar,
            self.apparent_power_kva,
            self.power_factor,
            self.voltage_v,
            self.frequency_hz,
            self.energy_imported_kwh,
            self.energy_exported_kwh,
        )


def quantity_problem(name: str, value: float | None) -> str | None:
    """Return why a quantity cannot be stored (NaN and infinity measure nothing), or None if it can."""
    if value is None or isfinite(value):
        return None
    return f"{name} is {value}, which is not a measured value"


def row_problem(row: MeasuredRow) -> str | None:
    """Return the first reason why a row cannot be stored, or None. Its time is judged by `reading_time_problem`."""
    if row.at.utcoffset() is None:
        return "time has no UTC offset"
    for name, value in zip(QUANTITIES, row.values, strict=True):
        if problem := quantity_problem(name, value):
            return problem
    if row.source is not None and len(row.source) > MAX_SOURCE_LENGTH:
        return f"source is longer than {MAX_SOURCE_LENGTH} characters"
    return None


def measured_row(at: datetime, values: Mapping[str, float | None], source: str | None = None) -> MeasuredRow:
    """Return a row from quantities by name. Raises ValueError for an unknown name or a value that cannot be stored."""
    if unknown := sorted(set(values) - set(QUANTITIES)):
        msg = f"unknown quantity {unknown[0]!r}; known are {', '.join(QUANTITIES)}"
        raise ValueError(msg)
    row = MeasuredRow(at, **values, source=source)
    if problem := row_problem(row):
        raise ValueError(problem)
    return row
