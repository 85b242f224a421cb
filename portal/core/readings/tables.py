"""Readings and their energy: one shape, once per device (Client), once per customer and device (Admin)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.database.columns import stored, timestamp


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


class EnergyFigures(SQLModel):
    """The billed energy of an hour or a day of one device, in whole milliwatt-hours of the import register."""

    allocated_milliwh: int = Field(sa_type=BigInteger)
    unallocated_milliwh: int = Field(sa_type=BigInteger)
    estimated_milliwh: int = Field(sa_type=BigInteger)
    suspect_count: int = Field(sa_type=Integer)


class HourlyEnergyFigures(SQLModel):
    """What the energy rule made of an hour, in the units of `EnergyFigures`.

    `meter_state` is what the rule remembers after the hour's last reading, so that a recompute can start
    and stop anywhere.
    """

    allocated_milliwh: int = stored(0, sa_type=BigInteger)
    unallocated_milliwh: int = stored(0, sa_type=BigInteger)
    estimated_milliwh: int = stored(0, sa_type=BigInteger)
    suspect_count: int = stored(0)
    reset_count: int = stored(0, sa_type=SmallInteger)
    exchange_count: int = stored(0, sa_type=SmallInteger)
    meter_is_settled: bool = stored(default=False)


def _meter_state() -> dict[str, object] | None:
    return Field(default=None, sa_column=Column(JSONB, nullable=True))


class Measurement(Quantities, table=True):
    """A reading as a device sent it (Client); partitioned by week of `time`."""

    __tablename__ = "power_measurements"
    __table_args__ = (
        # The push reads the readings of one outbox entry in the order of their key, from where it got to.
        Index("ix_monitoring_power_measurements_received_at", "received_at", "time", "device_id"),
        Index("ix_monitoring_power_measurements_device_time", "device_id", text("time DESC")),
        {"schema": "monitoring", "postgresql_partition_by": "RANGE (time)"},
    )

    time: datetime = timestamp(primary_key=True)
    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    received_at: datetime = timestamp(now=True)


class HourlyEnergy(HourlyEnergyFigures, table=True):
    """The energy of an hour (UTC) of a device (Client)."""

    __tablename__ = "hourly_energy"
    __table_args__ = (Index("ix_monitoring_hourly_energy_hour", "hour"), {"schema": "monitoring"})

    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    hour: datetime = timestamp(primary_key=True)
    meter_state: dict[str, object] | None = _meter_state()


class DailyEnergy(EnergyFigures, table=True):
    """The energy of a UTC day of a device (Client): the sum of its hours."""

    __tablename__ = "daily_energy"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    day: date = Field(primary_key=True, index=True)
