"""Readings and their hourly rollups: one shape, once per device (Client), once per customer and device (Admin)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.models.columns import timestamp


class Quantities(SQLModel):
    """The eight quantities of a reading; each may be missing."""

    active_power_kw: float | None = None
    reactive_power_kvar: float | None = None
    apparent_power_kva: float | None = None
    power_factor: float | None = None
    voltage_v: float | None = None
    frequency_hz: float | None = None
    energy_imported_kwh: float | None = None
    energy_exported_kwh: float | None = None
    source: str | None = Field(default=None, max_length=50)


class HourlyFigures(SQLModel):
    """What an hour of one device holds.

    Energies are whole milliwatt-hours of the import register. `meter_state` is what the energy rule
    remembers after the hour's last reading, so that a recompute can start and stop anywhere.
    """

    avg_active_power_kw: float | None = None
    max_active_power_kw: float | None = None
    min_active_power_kw: float | None = None
    sample_count: int = 0
    kwh_delta: float | None = None
    allocated_milliwh: int = Field(default=0, sa_type=BigInteger)
    unallocated_milliwh: int = Field(default=0, sa_type=BigInteger)
    estimated_milliwh: int = Field(default=0, sa_type=BigInteger)
    suspect_count: int = Field(default=0, sa_type=Integer)
    reset_count: int = Field(default=0, sa_type=SmallInteger)
    exchange_count: int = Field(default=0, sa_type=SmallInteger)
    meter_is_settled: bool = False


def _meter_state() -> Any:
    return Field(default=None, sa_column=Column(JSONB, nullable=True))


class Measurement(Quantities, table=True):
    """A reading as a device sent it (Client); partitioned by week of `time`."""

    __tablename__ = "power_measurements"
    __table_args__ = {"schema": "monitoring"}

    time: datetime = Field(primary_key=True)
    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    received_at: datetime = timestamp(now=True, index=True)


class Hourly(HourlyFigures, table=True):
    """An hour (UTC) of a device (Client)."""

    __tablename__ = "hourly_per_device"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    hour: datetime = Field(primary_key=True, index=True)
    meter_state: dict[str, Any] | None = _meter_state()
