"""Readings as devices post them and as a Client pushes them."""

from uuid import UUID

import msgspec

from portal.core.readings.rules.readings import QUANTITIES
from portal.core.wire_fields import Instant, RowProblem, Source

__all__ = ["QUANTITIES", "DeviceReading", "FleetReading"]


class _Quantities(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    active_power_kw: float | None = None
    reactive_power_kvar: float | None = None
    apparent_power_kva: float | None = None
    power_factor: float | None = None
    voltage_v: float | None = None
    frequency_hz: float | None = None
    energy_imported_kwh: float | None = None
    energy_exported_kwh: float | None = None
    source: Source | None = None


class DeviceReading(_Quantities, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """One row of the device ingest; without `deviceId` it belongs to the device of the token."""

    time: Instant
    device_id: UUID | None = None


class FleetReading(_Quantities, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """One row of a `measurements` batch."""

    time: Instant
    device_id: UUID


class DeviceIngestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of the device ingest: `accepted + rejected + duplicates` is the number of rows sent."""

    accepted: int
    rejected: int
    duplicates: int
    errors: list[RowProblem]
