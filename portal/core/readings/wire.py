"""Readings as devices post them and as a Client pushes them."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec

from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.readings import QUANTITIES, MeasuredRow
from portal.core.wire_fields import Instant, RowProblem, Source

__all__ = ["NO_QUANTITY", "QUANTITIES", "DeviceReading", "FleetReading"]

NO_QUANTITY = "no known quantity"
"""Why a row that has none is refused. A Client takes this of an Admin: it may be of an earlier release than its own."""
_TIME = "ISO 8601 with offset, in any of its forms; or seconds (below 1e11) or milliseconds since 1970"
BoardInstant = Annotated[
    Instant,
    msgspec.Meta(
        description=_TIME, extra_json_schema={"type": ["string", "number"], "example": "2026-05-18T08:00:00Z"}
    ),
]
"""A point in time as boards are forgiven to write it: decoding takes RFC 3339, `decode_rows` the other forms."""


class _Quantities(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True, gc=False):
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
    source: Source | None = None


class DeviceReading(_Quantities, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """One row of the device ingest; without `deviceId` it belongs to the device of the token.

    One without any quantity is refused.
    """

    time: BoardInstant
    device_id: UUID | None = None


class LooseReading(_Quantities, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """A `DeviceReading` whose time is in another form than RFC 3339, or is none."""

    time: str | float
    device_id: UUID | None = None


class FleetReading(_Quantities, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """One row of a `measurements` batch; one without any quantity that is known is refused."""

    time: Instant
    device_id: UUID


def as_sent(row: MeasuredRow) -> DeviceReading:
    """Return a row as the device itself would send it."""
    reading = DeviceReading(time=row.at, source=row.source)
    for name, value in row.measured.items():
        setattr(reading, name, value)
    return reading


class DeviceIngestAnswer(
    msgspec.Struct, rename="camel", omit_defaults=True, frozen=True, kw_only=True, gc=False
):
    """Answer of the device ingest: `errors` apart, what is counted adds up to the number of rows sent.

    `completed` rows had a quantity that the reading of their instant lacked, `conflicts` had another value than it.
    A board whose clock is wrong is told the time, and by how much it is ahead (negative: behind). One that says what it
    runs is told the version of `settings` that waits for it, and an `update` that it is to fetch.
    """

    accepted: int
    rejected: int
    duplicates: int
    completed: int
    conflicts: int
    errors: list[RowProblem]
    server_time: Instant | msgspec.UnsetType = msgspec.UNSET
    clock_skew_seconds: int | msgspec.UnsetType = msgspec.UNSET
    settings: int | msgspec.UnsetType = msgspec.UNSET
    update: str | msgspec.UnsetType = msgspec.UNSET


_OF_QUANTITIES = tuple(attrgetter(quantity.name) for quantity in ALL_QUANTITIES)


_ReadingT = TypeVar("_ReadingT", DeviceReading, FleetReading)


def without_quantity(readings: Sequence[_ReadingT]) -> Sequence[_ReadingT]:
    """Return the readings that have no quantity that is known here: nothing was measured."""
    # Quantity by quantity over those that are left: most boards measure the first.
    left = readings
    for value_of in _OF_QUANTITIES:
        left = [reading for reading in left if value_of(reading) is None]
        if not left:
            break
    return left
