"""Readings, which lie narrow in either run mode, and the energy of a Client's.

Readings are read and changed as sets, so they are tables alone; what they mean is in `rules/quantities`.
"""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Uuid,
    column,
    table,
    text,
)
from sqlmodel import Field, SQLModel

from portal.core.database.columns import Instant, stored, timestamp
from portal.core.readings.rules.quantities import NARROW_COLUMNS, SOURCE


class EnergyFigures(SQLModel):
    """The billed energy of an hour or a day of one device, in whole milliwatt-hours of the import register."""

    allocated_milliwh: int = Field(sa_type=BigInteger)
    unallocated_milliwh: int = Field(sa_type=BigInteger)
    estimated_milliwh: int = Field(sa_type=BigInteger)
    suspect_count: int = Field(sa_type=Integer)


class HourlyEnergyFigures(SQLModel):
    """What the judge made of an hour, in the units of `EnergyFigures`.

    `last_at` is the hour's last accepted reading and `last_milliwh` what the register showed then.
    An hour is unbroken where all of its readings are accepted and go on with the accepted one before them, and covered
    where some of it lies between accepted readings that are no gap apart.
    """

    allocated_milliwh: int = stored(0, sa_type=BigInteger)
    unallocated_milliwh: int = stored(0, sa_type=BigInteger)
    estimated_milliwh: int = stored(0, sa_type=BigInteger)
    suspect_count: int = stored(0)
    last_at: datetime | None = Field(default=None, sa_type=Instant)
    last_milliwh: int | None = Field(default=None, sa_type=BigInteger)
    is_unbroken: bool = stored(default=False)
    is_covered: bool = stored(default=False)
    event_count: int = stored(0, sa_type=SmallInteger)


class HourlyEnergy(HourlyEnergyFigures, table=True):
    """The energy of an hour (UTC) of a device (Client)."""

    __tablename__ = "hourly_energy"
    __table_args__ = (Index("ix_monitoring_hourly_energy_hour", "hour"), {"schema": "monitoring"})

    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    hour: datetime = timestamp(primary_key=True)


class DailyEnergy(EnergyFigures, table=True):
    """The energy of a UTC day of a device (Client): the sum of its hours."""

    __tablename__ = "daily_energy"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = Field(foreign_key="monitoring.devices.id", primary_key=True)
    day: date = Field(primary_key=True, index=True)
    covered_hours: int = stored(0, sa_type=SmallInteger)


_TYPES = {"timestamptz": Instant, "int8": BigInteger, "int4": Integer, "int2": SmallInteger}
_KEY = ("customer", "meter", "time")
_CONFLICT_KEY = (
    ("customer", "int4"),
    ("meter", "int4"),
    ("time", "timestamptz"),
    ("quantity", "int2"),
    ("value", "int8"),
)


# Any: SQLAlchemy's types of columns, which nothing here reads again.
def _narrow_columns(*, has_received: bool) -> Iterator[Column[Any]]:
    for name, type_name in NARROW_COLUMNS:
        yield Column(name, _TYPES[type_name], nullable=name not in _KEY)
        # Beside the other integers of its width, so that nothing is filled up between them.
        if name == SOURCE and has_received:
            yield Column(RECEIVED, Integer)


RECEIVED = "received"
"""A Client's second from 2000 on in which the reading was stored or last changed: the outbox finds it by that."""


def _readings_of(schema: str, *, has_received: bool) -> Table:
    Table(
        "reading_sources",
        SQLModel.metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("name", String(50), nullable=False, unique=True),
        schema=schema,
        info={"about": "What boards call themselves in `source`, numbered."},
    )
    Table(
        "reading_conflicts",
        SQLModel.metadata,
        *(Column(name, _TYPES[type_name], nullable=False) for name, type_name in _CONFLICT_KEY),
        Column("first_seen_at", Instant, nullable=False, server_default=text("now()")),
        PrimaryKeyConstraint(*(name for name, _ in _CONFLICT_KEY)),
        schema=schema,
        info={"about": "Values that came for an instant beside the reading's, which has the greatest."},
    )
    return Table(
        "readings",
        SQLModel.metadata,
        *_narrow_columns(has_received=has_received),
        PrimaryKeyConstraint(*_KEY),
        schema=schema,
        postgresql_partition_by="RANGE (time)",
        info={
            "about": "Readings, by week: the quantities as whole numbers of the smallest step that is kept."
        },
    )


def _moved_weeks(schema: str) -> None:
    Table(
        "moved_weeks",
        SQLModel.metadata,
        Column("customer", Integer, nullable=False),
        Column("week", Instant, nullable=False),
        Column("readings", BigInteger, nullable=False),
        Column("left_out", BigInteger, nullable=False),
        PrimaryKeyConstraint("customer", "week"),
        schema=schema,
        info={
            "about": "Readings of an earlier release that were moved, and how many of their values did not fit."
        },
    )


READINGS = _readings_of("monitoring", has_received=True)
WIDE_TIMES = table("wide_times", column("time", Instant), column("device_id", Uuid), schema="monitoring")
"""When readings of an earlier release were measured that are still to be moved."""
FLEET_READINGS = _readings_of("fleet", has_received=False)
for _schema in ("monitoring", "fleet"):
    _moved_weeks(_schema)
