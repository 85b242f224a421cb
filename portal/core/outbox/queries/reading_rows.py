"""Readings as the statements of the push return them, each with what it waits as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portal.core.readings.wire import FleetReading

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    # Any: time, device, figures and at the end the source, or nothing but None. Spelled out it says no more.
    _Columns = tuple[Any, ...]


class WaitingRow(NamedTuple):
    """What is asked for in push order: without a time, the entry has no reading left."""

    entry_id: int
    received_at: datetime
    time: datetime | None
    device_id: UUID | None
    active_power_kw: float | None
    reactive_power_kvar: float | None
    apparent_power_kva: float | None
    power_factor: float | None
    voltage_v: float | None
    frequency_hz: float | None
    energy_imported_kwh: float | None
    energy_exported_kwh: float | None
    reactive_energy_imported_kvarh: float | None
    reactive_energy_exported_kvarh: float | None
    apparent_energy_kvah: float | None
    voltage_l1_v: float | None
    voltage_l2_v: float | None
    voltage_l3_v: float | None
    current_l1_a: float | None
    current_l2_a: float | None
    current_l3_a: float | None
    current_n_a: float | None
    active_power_l1_kw: float | None
    active_power_l2_kw: float | None
    active_power_l3_kw: float | None
    power_factor_l1: float | None
    power_factor_l2: float | None
    power_factor_l3: float | None
    voltage_thd_percent: float | None
    current_thd_percent: float | None
    voltage_unbalance_percent: float | None
    current_unbalance_percent: float | None
    active_demand_kw: float | None
    apparent_demand_kva: float | None
    source: str | None


class RetryRow(NamedTuple):
    """A refused reading whose next try is due: without a time, the reading is not there any more."""

    retry_time: datetime
    retry_device_id: UUID
    received_at: datetime
    tries: int
    time: datetime | None
    device_id: UUID | None
    active_power_kw: float | None
    reactive_power_kvar: float | None
    apparent_power_kva: float | None
    power_factor: float | None
    voltage_v: float | None
    frequency_hz: float | None
    energy_imported_kwh: float | None
    energy_exported_kwh: float | None
    reactive_energy_imported_kvarh: float | None
    reactive_energy_exported_kvarh: float | None
    apparent_energy_kvah: float | None
    voltage_l1_v: float | None
    voltage_l2_v: float | None
    voltage_l3_v: float | None
    current_l1_a: float | None
    current_l2_a: float | None
    current_l3_a: float | None
    current_n_a: float | None
    active_power_l1_kw: float | None
    active_power_l2_kw: float | None
    active_power_l3_kw: float | None
    power_factor_l1: float | None
    power_factor_l2: float | None
    power_factor_l3: float | None
    voltage_thd_percent: float | None
    current_thd_percent: float | None
    voltage_unbalance_percent: float | None
    current_unbalance_percent: float | None
    active_demand_kw: float | None
    apparent_demand_kva: float | None
    source: str | None


def reading_in(columns: _Columns) -> FleetReading | None:
    """Return the reading of the last columns of a row; None where there is none."""
    if columns[0] is None or columns[1] is None:
        return None
    # Spelled out, and by index: this runs for every reading, and anything else takes twice as long.
    return FleetReading(
        time=columns[0],
        device_id=columns[1],
        active_power_kw=columns[2],
        reactive_power_kvar=columns[3],
        apparent_power_kva=columns[4],
        power_factor=columns[5],
        voltage_v=columns[6],
        frequency_hz=columns[7],
        energy_imported_kwh=columns[8],
        energy_exported_kwh=columns[9],
        reactive_energy_imported_kvarh=columns[10],
        reactive_energy_exported_kvarh=columns[11],
        apparent_energy_kvah=columns[12],
        voltage_l1_v=columns[13],
        voltage_l2_v=columns[14],
        voltage_l3_v=columns[15],
        current_l1_a=columns[16],
        current_l2_a=columns[17],
        current_l3_a=columns[18],
        current_n_a=columns[19],
        active_power_l1_kw=columns[20],
        active_power_l2_kw=columns[21],
        active_power_l3_kw=columns[22],
        power_factor_l1=columns[23],
        power_factor_l2=columns[24],
        power_factor_l3=columns[25],
        voltage_thd_percent=columns[26],
        current_thd_percent=columns[27],
        voltage_unbalance_percent=columns[28],
        current_unbalance_percent=columns[29],
        active_demand_kw=columns[30],
        apparent_demand_kva=columns[31],
        source=columns[32],
    )
