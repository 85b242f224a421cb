"""Sites and devices of a Client (`monitoring`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.database.columns import Kilowatts, given_key, number_key, stored, timestamp, uuid_key

KIND_FOLLOWS = (
    "kind = CASE WHEN formula IS NOT NULL THEN 'virtual' "
    "WHEN parent_id IS NOT NULL THEN 'sub' ELSE 'bulk' END"
)
"""What a device's kind is, as a condition on its row; the same in both run modes."""


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
    """A meter with its board; `customer` and `meter` are its small key.

    Of its tokens the SHA-256 and the last four characters are stored; a virtual meter has none. `parent_id` is the
    meter above it, `formula` what a virtual one is made of, and `kind` follows from both.
    """

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("customer", "meter"),
        CheckConstraint(KIND_FOLLOWS, name="devices_kind_check"),
        Index("ix_devices_previous_token_hash", "previous_token_hash"),
        {"schema": "monitoring"},
    )

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
    register_digits: int | None = Field(default=None, sa_type=SmallInteger)
    is_active: bool = stored(default=True)
    parent_id: UUID | None = Field(
        default=None,
        sa_column=Column(
            Uuid,
            # Deferred: meters that are put back after a restore come in any order.
            ForeignKey("monitoring.devices.id", onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
            nullable=True,
            index=True,
        ),
    )
    kind: str = stored("bulk", max_length=10)
    formula: dict[str, list[str]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    token_hash: str | None = Field(default=None, max_length=64, unique=True)
    token_last4: str = stored("", max_length=4)
    token_issued_at: datetime | None = timestamp(nullable=True)
    previous_token_hash: str | None = Field(default=None, max_length=64)
    previous_token_expires_at: datetime | None = timestamp(nullable=True)
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


class DevicePost(SQLModel, table=True):
    """One of the last posts to the device ingest, stored or refused; without a device: of a token that nobody has.

    `rows` were sent; `stored_rows` are new, completed or conflicting, `known_rows` were there already, `refused_rows`
    not taken, the first for `reason`. Of an unknown token its length and its last characters are kept.
    """

    __tablename__ = "device_posts"
    __table_args__ = (Index("ix_device_posts_device", "device_id", "id"), {"schema": "monitoring"})

    id: int | None = number_key(always=True)
    device_id: UUID | None = Field(
        default=None,
        sa_column=Column(
            Uuid,
            ForeignKey("monitoring.devices.id", ondelete="CASCADE", onupdate="CASCADE"),
            nullable=True,
        ),
    )
    posted_at: datetime = timestamp(now=True)
    status: int
    body_bytes: int | None = None
    rows: int | None = None
    stored_rows: int = stored(0)
    known_rows: int = stored(0)
    refused_rows: int = stored(0)
    reason: str = stored("", max_length=500)
    address: str = stored("", max_length=64)
    token_length: int | None = None
    token_last4: str = stored("", max_length=4)
