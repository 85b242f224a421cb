"""Readings as the statements of the push return them, each with what it waits as."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.readings.wire import FleetReading

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    _Figure = float | None
    _Figures = tuple[_Figure, _Figure, _Figure, _Figure, _Figure, _Figure, _Figure, _Figure]
    _Columns = tuple[datetime | None, UUID | None, *_Figures, str | None]


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
        source=columns[10],
    )
