"""Sites and devices of a Client (`monitoring`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Integer, UniqueConstraint, Uuid
from sqlmodel import Field, SQLModel

from portal.core.database.columns import Kilowatts, given_key, stored, timestamp, uuid_key


class Site(SQLModel, table=True):
    """A place with meters; its municipality gives the time zone and the tariffs."""

    __tablename__ = "sites"
    __table_args__ = {"schema": "monitoring"}

    id: UUID = uuid_key(primary_key=True)
    name: str = Field(max_length=200, unique=True)
    address: str = stored("", max_length=500)
    municipality_id: int | None = Field(
        default=None, sa_column=Column(Integer, ForeignKey("app.municipalities.id", onupdate="CASCADE"))
    )
    is_active: bool = stored(default=True)
    updated_at: datetime = timestamp(now=True)


class Device(SQLModel, table=True):
    """A meter with its board; only the SHA-256 of its token is stored. `customer` and `meter` are its small key."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("customer", "meter"), {"schema": "monitoring"})

    id: UUID = uuid_key(primary_key=True)
    site_id: UUID = Field(
        sa_column=Column(
            Uuid, ForeignKey("monitoring.sites.id", onupdate="CASCADE"), nullable=False, index=True
        )
    )
    name: str = Field(max_length=200)
    external_id: str = Field(max_length=100, unique=True)
    description: str = stored("", max_length=500)
    max_power_kw: Decimal | None = Field(default=None, sa_type=Kilowatts)
    is_active: bool = stored(default=True)
    token_hash: str = Field(max_length=64, unique=True)
    updated_at: datetime = timestamp(now=True)
    customer: int
    meter: int


class MeterNumbers(SQLModel, table=True):
    """The last number given to a meter of a customer: the next is above it, also where that meter is gone."""

    __tablename__ = "meter_numbers"
    __table_args__ = {"schema": "monitoring"}

    customer: int = given_key()
    last_meter: int = stored(0)


class DeviceClock(SQLModel, table=True):
    """What is known of the clock of a device's board where it is wrong or may be; no row where it is right.

    `skew` is how far it is ahead (negative: behind), empty while that is not certain; readings are stored up to
    `ahead_until`. The others are of the posts in a row that were late by about the same.
    """

    __tablename__ = "board_clocks"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = Field(
        sa_column=Column(
            Uuid,
            ForeignKey("monitoring.devices.id", ondelete="CASCADE", onupdate="CASCADE"),
            primary_key=True,
        )
    )
    skew: timedelta | None = None
    ahead_until: datetime | None = timestamp(nullable=True)
    late_since: datetime | None = timestamp(nullable=True)
    late_posts: int | None = None
    late_least: timedelta | None = None
    late_most: timedelta | None = None
