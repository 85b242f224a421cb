"""A reading as devices, files and the simulated meter hand it over: eight quantities, each of which may be missing."""

from dataclasses import dataclass
from datetime import datetime

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
