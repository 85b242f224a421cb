"""Readings as the statements of the push return them: by the small key of their meter, in stored integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ARRAY, Integer, any_, bindparam, select
from sqlmodel import col

from portal.core.database.prepared import Prepared
from portal.core.readings.queries.narrow_records import readings_of
from portal.core.readings.rules.quantities import ALL_QUANTITIES, SOURCE
from portal.core.readings.wire import FleetReading
from portal.core.sites.tables import Device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from asyncpg import Connection

    # Any: time, meter, integers and at the end the source, or nothing but None. Spelled out it says no more.
    _Row = Sequence[Any]

_COLUMNS = (*(quantity.name for quantity in ALL_QUANTITIES), SOURCE)
READING_COLUMNS = f"m.time, m.meter, {', '.join(f'm.{name}' for name in _COLUMNS[:-1])}, s.name AS source"
"""What a statement selects of a reading `m` and its source `s`, at the end of a row."""
_DEVICES = Prepared(
    select(col(Device.meter), col(Device.id)).where(
        col(Device.meter) == any_(bindparam("meters", type_=ARRAY(Integer)))
    )
)


class WaitingRow(NamedTuple):
    """What is asked for in push order: without a time, the entry has no reading left."""

    entry_id: int
    received_at: datetime
    time: datetime | None
    meter: int | None
    active_power_kw: int | None
    reactive_power_kvar: int | None
    apparent_power_kva: int | None
    power_factor: int | None
    voltage_v: int | None
    frequency_hz: int | None
    energy_imported_kwh: int | None
    energy_exported_kwh: int | None
    reactive_energy_imported_kvarh: int | None
    reactive_energy_exported_kvarh: int | None
    apparent_energy_kvah: int | None
    voltage_l1_v: int | None
    voltage_l2_v: int | None
    voltage_l3_v: int | None
    current_l1_a: int | None
    current_l2_a: int | None
    current_l3_a: int | None
    current_n_a: int | None
    active_power_l1_kw: int | None
    active_power_l2_kw: int | None
    active_power_l3_kw: int | None
    power_factor_l1: int | None
    power_factor_l2: int | None
    power_factor_l3: int | None
    voltage_thd_percent: int | None
    current_thd_percent: int | None
    voltage_unbalance_percent: int | None
    current_unbalance_percent: int | None
    active_demand_kw: int | None
    apparent_demand_kva: int | None
    source: str | None


class RetryRow(NamedTuple):
    """A refused reading whose next try is due: without a time, the reading is not there any more."""

    retry_time: datetime
    retry_device_id: UUID
    received_at: datetime
    tries: int
    time: datetime | None
    meter: int | None
    active_power_kw: int | None
    reactive_power_kvar: int | None
    apparent_power_kva: int | None
    power_factor: int | None
    voltage_v: int | None
    frequency_hz: int | None
    energy_imported_kwh: int | None
    energy_exported_kwh: int | None
    reactive_energy_imported_kvarh: int | None
    reactive_energy_exported_kvarh: int | None
    apparent_energy_kvah: int | None
    voltage_l1_v: int | None
    voltage_l2_v: int | None
    voltage_l3_v: int | None
    current_l1_a: int | None
    current_l2_a: int | None
    current_l3_a: int | None
    current_n_a: int | None
    active_power_l1_kw: int | None
    active_power_l2_kw: int | None
    active_power_l3_kw: int | None
    power_factor_l1: int | None
    power_factor_l2: int | None
    power_factor_l3: int | None
    voltage_thd_percent: int | None
    current_thd_percent: int | None
    voltage_unbalance_percent: int | None
    current_unbalance_percent: int | None
    active_demand_kw: int | None
    apparent_demand_kva: int | None
    source: str | None


async def readings_in(connection: Connection, rows: Sequence[_Row], before: int) -> list[FleetReading | None]:
    """Return the reading in each row, whose columns follow the first `before`.

    None where there is none, and of a device that was removed since the rows were read.
    """
    meters = {row[before + 1] for row in rows} - {None}
    devices = dict(await _DEVICES.all(connection, meters=list(meters)))
    found = [row[before + 1] in devices for row in rows]
    records = [row[before:] for row, is_there in zip(rows, found, strict=True) if is_there]
    readings = iter(readings_of(records, _COLUMNS, FleetReading, devices))
    return [next(readings) if is_there else None for is_there in found]
