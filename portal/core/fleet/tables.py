"""What the Admin stack keeps of its customers (`fleet`); every key but a customer's own contains `customer_id`."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Interval,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.database.columns import Kilowatts, given_key, stored, timestamp, uuid_key
from portal.core.readings.tables import EnergyFigures, HourlyEnergyFigures
from portal.core.sites.tables import KIND_FOLLOWS


def _customer_key() -> UUID:
    return Field(foreign_key="fleet.customers.id", primary_key=True)


class Customer(SQLModel, table=True):
    """A Client stack that may push; at most one previous token is honoured, and only until it expires."""

    __tablename__ = "customers"
    __table_args__ = (
        Index("ux_fleet_customers_code_lower", text("lower(code)"), unique=True),
        {"schema": "fleet"},
    )

    id: UUID = uuid_key(primary_key=True)
    code: str = Field(max_length=50, unique=True)
    name: str = Field(max_length=200)
    token_hash: str = Field(max_length=64, unique=True)
    token_issued_at: datetime = timestamp(now=True)
    token_rotated_at: datetime | None = timestamp(nullable=True)
    previous_token_hash: str | None = Field(default=None, max_length=64, index=True)
    previous_token_expires_at: datetime | None = timestamp(nullable=True)
    is_active: bool = stored(default=True)
    first_seen_at: datetime | None = timestamp(nullable=True)
    last_seen_at: datetime | None = timestamp(nullable=True)
    created_at: datetime = timestamp(now=True)
    number: int = Field(unique=True)
    newest_reading_at: datetime | None = timestamp(nullable=True)


class FleetMeterNumbers(SQLModel, table=True):
    """The last number given to a meter of the customer of a number; stays when the customer goes."""

    __tablename__ = "meter_numbers"
    __table_args__ = {"schema": "fleet"}

    customer: int = given_key()
    last_meter: int = stored(0)


class FleetSite(SQLModel, table=True):
    """A customer's site; `id` is the Client's own. Ended is what the Client has no more."""

    __tablename__ = "sites"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = _customer_key()
    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=200)
    address: str = stored("", max_length=500)
    is_active: bool = stored(default=True)
    local_municipality_id: int | None = None
    received_at: datetime = timestamp(now=True)
    ended_at: datetime | None = timestamp(nullable=True)


class FleetDevice(SQLModel, table=True):
    """A customer's device; `id` is the Client's own, or the one it had before it was added again (`DeviceAlias`).

    `customer`, its customer's number, and `meter` are its small key. `parent_id` and `formula` name devices by their
    ids here, which may come later than this one; `kind` follows from both.
    """

    __tablename__ = "devices"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "site_id"], ["fleet.sites.customer_id", "fleet.sites.id"]),
        Index("ix_fleet_devices_external_id", "customer_id", "external_id"),
        Index("ix_fleet_devices_id", "id"),
        UniqueConstraint("customer", "meter"),
        CheckConstraint(KIND_FOLLOWS, name="devices_kind_check"),
        {"schema": "fleet"},
    )

    customer_id: UUID = _customer_key()
    id: UUID = Field(primary_key=True)
    site_id: UUID
    name: str = Field(max_length=200)
    external_id: str = Field(max_length=100)
    description: str = stored("", max_length=500)
    max_power_kw: Decimal | None = Field(default=None, sa_type=Kilowatts)
    register_digits: int | None = Field(default=None, sa_type=SmallInteger)
    parent_id: UUID | None = None
    kind: str = stored("bulk", max_length=10)
    formula: dict[str, list[str]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    learned: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    is_active: bool = stored(default=True)
    clock_skew_seconds: int | None = None
    received_at: datetime = timestamp(now=True)
    ended_at: datetime | None = timestamp(nullable=True)
    customer: int
    meter: int


class DeviceAlias(SQLModel, table=True):
    """Another id of a device, from a Client that added it again; `is_current`: the Client knows it by this one now."""

    __tablename__ = "device_aliases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["customer_id", "device_id"],
            ["fleet.devices.customer_id", "fleet.devices.id"],
            ondelete="CASCADE",
        ),
        Index("ix_fleet_device_aliases_device", "customer_id", "device_id"),
        {"schema": "fleet"},
    )

    customer_id: UUID = _customer_key()
    id: UUID = Field(primary_key=True)
    device_id: UUID
    is_current: bool = stored(default=True)
    noted_at: datetime = timestamp(now=True)


def _of_device() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["customer_id", "device_id"], ["fleet.devices.customer_id", "fleet.devices.id"]
    )


class FleetHourlyEnergy(HourlyEnergyFigures, table=True):
    """The energy of an hour (UTC) of a customer's device."""

    __tablename__ = "hourly_energy"
    __table_args__ = (
        _of_device(),
        Index("ix_fleet_hourly_energy_customer_hour", "customer_id", "hour"),
        Index("ix_fleet_hourly_energy_hour", "hour"),
        {"schema": "fleet"},
    )

    customer_id: UUID = Field(primary_key=True)
    device_id: UUID = Field(primary_key=True)
    hour: datetime = timestamp(primary_key=True)


class FleetDailyEnergy(EnergyFigures, table=True):
    """The energy of a UTC day of a customer's device: the sum of its hours."""

    __tablename__ = "daily_energy"
    __table_args__ = (
        _of_device(),
        Index("ix_fleet_daily_energy_customer_day", "customer_id", "day"),
        Index("ix_fleet_daily_energy_day", "day"),
        {"schema": "fleet"},
    )

    customer_id: UUID = Field(primary_key=True)
    device_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    covered_hours: int = stored(0, sa_type=SmallInteger)


class CustomerPushReport(SQLModel, table=True):
    """What a customer's stack last said about what it has not pushed yet; `oldest_at` is when that arrived there.

    `board_minutes` are its devices whose boards are silent, with how long each keeps its readings.
    """

    __tablename__ = "push_reports"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE")
    reported_at: datetime = timestamp(now=True)
    waiting_rows: int = Field(sa_type=BigInteger)
    refused_rows: int = Field(sa_type=BigInteger)
    given_up_rows: int = Field(sa_type=BigInteger)
    oldest_at: datetime | None = timestamp(nullable=True)
    drain_seconds: int = Field(sa_type=BigInteger)
    board_minutes: dict[str, int] = Field(
        default_factory=dict[str, int],
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")),
    )


class EndedToken(SQLModel, table=True):
    """A token that a customer had before, by its hash: whoever still pushes with it can be told whose it was."""

    __tablename__ = "ended_tokens"
    __table_args__ = {"schema": "fleet"}

    token_hash: str = Field(max_length=64, primary_key=True)
    customer_id: UUID = Field(foreign_key="fleet.customers.id", ondelete="CASCADE", index=True)
    ended_at: datetime = timestamp()


class PushRefusal(SQLModel, table=True):
    """The last batch of a type that was refused as a whole, of a customer; `refused` in a row since `first_at`.

    `token_last4` is the end of the token it came with where that is one of the customer's no more.
    """

    __tablename__ = "push_refusals"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE")
    batch_type: str = Field(max_length=20, primary_key=True)
    status: int = Field(sa_type=SmallInteger)
    reason: str = Field(max_length=500)
    first_at: datetime = timestamp(now=True)
    last_at: datetime = timestamp(now=True)
    refused: int = stored(1)
    token_last4: str = stored("", max_length=4)


class FleetSample(SQLModel, table=True):
    """The fleet at an instant, every five minutes: active customers, by how much customers lagged, and what arrived.

    A customer lags by the age of its newest reading; what arrived is counted since the row before.
    """

    __tablename__ = "samples"
    __table_args__ = {"schema": "fleet"}

    at: datetime = timestamp(primary_key=True)
    active: int
    median_seconds: int | None = None
    p95_seconds: int | None = None
    worst_seconds: int | None = None
    worst_customer: UUID | None = Field(default=None, foreign_key="fleet.customers.id", ondelete="SET NULL")
    batches: int
    refused_batches: int
    rows_accepted: int = Field(sa_type=BigInteger)
    rows_rejected: int = Field(sa_type=BigInteger)


class UnknownPush(SQLModel, table=True):
    """Pushes with a token that nobody has or had, from one address; only the last few of these are kept."""

    __tablename__ = "unknown_pushes"
    __table_args__ = {"schema": "fleet"}

    address: str = Field(max_length=64, primary_key=True)
    token_length: int = Field(primary_key=True)
    token_last4: str = Field(max_length=4, primary_key=True)
    batch_type: str = Field(max_length=20)
    first_at: datetime = timestamp(now=True)
    last_at: datetime = timestamp(now=True)
    pushes: int = stored(1)


class CustomerEpoch(SQLModel, table=True):
    """The last batch of a customer that came with a mark; `nonce` tells a repeated request from another batch."""

    __tablename__ = "push_epochs"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE")
    epoch: UUID
    mark: int = Field(sa_type=BigInteger)
    nonce: str = Field(max_length=32)
    noted_at: datetime = timestamp(now=True)


class IngestEvent(SQLModel, table=True):
    """One handled batch: how "why did this batch not land?" is answered.

    `status` is what it was answered, empty of those before it was kept. `problems` has a line for each of the first
    rows that were rejected: its number, from 0 as sent, and why.
    """

    __tablename__ = "ingest_events"
    __table_args__ = (
        Index("ix_fleet_ingest_events_customer_received", "customer_id", text("received_at DESC")),
        Index("ix_fleet_ingest_events_received", "received_at"),
        {"schema": "fleet"},
    )

    id: UUID = uuid_key(primary_key=True)
    customer_id: UUID = Field(foreign_key="fleet.customers.id")
    received_at: datetime = timestamp(now=True)
    batch_type: str = Field(max_length=20)
    rows_accepted: int = stored(0)
    rows_rejected: int = stored(0)
    batch_bytes: int = stored(0)
    client_hwm: str | None = Field(default=None, max_length=50)
    time_spread: timedelta | None = Field(default=None, sa_column=Column(Interval, nullable=True))
    error: str | None = Field(default=None, max_length=500)
    status: int | None = Field(default=None, sa_type=SmallInteger)
    problems: str | None = Field(default=None, max_length=4000)


class CustomerExport(SQLModel, table=True):
    """The last time that everything of a customer was handed out whole; by the checksum of its manifest."""

    __tablename__ = "customer_exports"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE")
    finished_at: datetime = timestamp()
    files: int
    rows: int = Field(sa_type=BigInteger)
    manifest_sha256: str = Field(max_length=64)


class Decommission(SQLModel, table=True):
    """A customer that leaves; once it has, what is left says that somebody left and not who.

    `number` is the customer's small key, which nobody else ever gets; `whose` its id until its data is gone.
    `to_shrink` are the relations that keep the space of what was deleted, with how many rows that was.
    """

    __tablename__ = "decommissions"
    __table_args__ = {"schema": "fleet"}

    id: UUID = uuid_key(primary_key=True)
    number: int
    whose: UUID | None = Field(default=None, unique=True)
    begun_at: datetime = timestamp(now=True)
    rows_deleted: int = stored(0, sa_type=BigInteger)
    to_shrink: dict[str, int] = Field(
        default_factory=dict[str, int],
        sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")),
    )
    exported_at: datetime | None = timestamp(nullable=True)
    manifest_sha256: str | None = Field(default=None, max_length=64)
    deleted_at: datetime | None = timestamp(nullable=True)
    finished_at: datetime | None = timestamp(nullable=True)


class OperatorScope(SQLModel, table=True):
    """A customer that an operator sees who is limited to some."""

    __tablename__ = "operator_scopes"
    __table_args__ = {"schema": "fleet"}

    user_id: UUID = Field(foreign_key="app.users.id", primary_key=True, ondelete="CASCADE")
    customer_id: UUID = Field(
        foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE", index=True
    )


class CustomerBrand(SQLModel, table=True):
    """How a customer's own portal is called and looks, as its stack pushed it; what was never chosen is missing."""

    __tablename__ = "customer_brands"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True, ondelete="CASCADE")
    product_name: str | None = Field(default=None, max_length=80)
    primary_color: str | None = Field(default=None, max_length=7)
    accent_color: str | None = Field(default=None, max_length=7)
    appearance: str | None = Field(default=None, max_length=10)
    logo: bytes | None = None
    logo_type: str | None = Field(default=None, max_length=30)
    received_at: datetime = timestamp(now=True)
