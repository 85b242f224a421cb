"""A reading as files and the simulated meter hand it over: every quantity, each of which may be missing."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from portal.core.readings.rules.quantities import QUANTITY_OF

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
"""The eight that every release knows."""


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
    reactive_energy_imported_kvarh: float | None = None
    reactive_energy_exported_kvarh: float | None = None
    apparent_energy_kvah: float | None = None
    voltage_l1_v: float | None = None
    voltage_l2_v: float | None = None
    voltage_l3_v: float | None = None
    current_l1_a: float | None = None
    current_l2_a: float | None = None
    current_l3_a: float | None = None
    current_n_a: float | None = None
    active_power_l1_kw: float | None = None
    active_power_l2_kw: float | None = None
    active_power_l3_kw: float | None = None
    power_factor_l1: float | None = None
    power_factor_l2: float | None = None
    power_factor_l3: float | None = None
    voltage_thd_percent: float | None = None
    current_thd_percent: float | None = None
    voltage_unbalance_percent: float | None = None
    current_unbalance_percent: float | None = None
    active_demand_kw: float | None = None
    apparent_demand_kva: float | None = None
    source: str | None = None

    @property
    def values(self) -> tuple[float | None, ...]:
        """All quantities in the order of the list."""
        return _values_of(self)

    @property
    def measured(self) -> dict[str, float]:
        """Those that are not missing, by their names."""
        return {
            name: value
            for name, value in zip(QUANTITY_OF, _values_of(self), strict=True)
            if value is not None
        }


_values_of = attrgetter(*QUANTITY_OF)
