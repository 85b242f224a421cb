"""Readings as the statements of the push return them, each with what it waits as."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.readings.wire import FleetReading

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


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
    source: str | None


def reading_in(row: WaitingRow | RetryRow) -> FleetReading | None:
    """Return the reading of a row; None where there is none."""
    if row.time is None or row.device_id is None:
        return None
    # Spelled out: this runs for every reading, and building a mapping first takes twice as long.
    return FleetReading(
        time=row.time,
        device_id=row.device_id,
        active_power_kw=row.active_power_kw,
        reactive_power_kvar=row.reactive_power_kvar,
        apparent_power_kva=row.apparent_power_kva,
        power_factor=row.power_factor,
        voltage_v=row.voltage_v,
        frequency_hz=row.frequency_hz,
        energy_imported_kwh=row.energy_imported_kwh,
        energy_exported_kwh=row.energy_exported_kwh,
        source=row.source,
    )
