"""What the push to the Admin remembers (Client, `app`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from portal.core.database.columns import OF_CLIENT, number_key, stored, timestamp, uuid_key


class PushStateRow(SQLModel, table=True):
    """Per resource: how far it got, and how it fares.

    `last_cursor` is there to be read; nothing is selected by it. `content_hash` is the full set the
    Admin holds; `pass_hash` and `pass_after` belong to a pass over the set that is under way;
    `batch_limit` is the smaller batch the Admin asked for; `is_stopped` follows a refused token;
    `target_hash` is the Admin and token all of it was learnt from; `acknowledged_mark` belongs to the last
    batch an Admin confirmed by its mark.
    """

    __tablename__ = "fleet_push_state"
    __table_args__ = OF_CLIENT

    resource_type: str = Field(max_length=20, primary_key=True)
    last_cursor: datetime | None = timestamp(nullable=True)
    last_synced_at: datetime | None = timestamp(nullable=True)
    last_error: str | None = Field(default=None, max_length=500)
    consecutive_failures: int = stored(0)
    next_attempt_at: datetime | None = timestamp(nullable=True)
    is_stopped: bool = stored(default=False)
    content_hash: str | None = Field(default=None, max_length=64)
    pass_hash: str | None = Field(default=None, max_length=64)
    pass_after: str | None = Field(default=None, max_length=64)
    batch_limit: int | None = None
    target_hash: str | None = Field(default=None, max_length=64)
    acknowledged_mark: int | None = Field(default=None, sa_type=BigInteger)


class PushEpoch(SQLModel, table=True):
    """How far this database's push has come: one row, made with the first batch.

    `mark` is that of the last batch that was sent; `unanswered` has the nonces of those sent since the last that was
    confirmed; up to `taken_over` the Admin holds what is here. `behind_since`: the Admin holds more than this stack
    ever sent.
    `compare_until`: the Admin lost what it acknowledged; readings before this instant are still to be compared.
    """

    __tablename__ = "push_epoch"
    __table_args__ = (CheckConstraint("is_only"), OF_CLIENT)

    is_only: bool = stored(default=True, primary_key=True)
    epoch: UUID = uuid_key()
    mark: int = stored(0, sa_type=BigInteger)
    unanswered: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default="{}")
    )
    taken_over: int = stored(0, sa_type=BigInteger)
    is_recovered: bool = stored(default=False)
    behind_since: datetime | None = timestamp(nullable=True)
    behind_reason: str | None = Field(default=None, max_length=500)
    compare_until: datetime | None = timestamp(nullable=True)


class OutboxEntry(SQLModel, table=True):
    """Readings of one device from one ingest transaction that are not all pushed yet.

    It is written in the transaction that stores the readings and shares their `received_at`, so it
    becomes visible exactly when they do. `sent_time`: the last reading acknowledged.
    """

    __tablename__ = "push_outbox"
    __table_args__ = (
        Index("ix_app_push_outbox_freshest", text("first_at DESC"), text("id DESC")),
        OF_CLIENT,
    )

    id: int = number_key()
    device_id: UUID
    received_at: datetime = timestamp(now=True)
    first_at: datetime = timestamp()
    last_at: datetime = timestamp()
    row_count: int
    sent_rows: int = stored(0)
    sent_time: datetime | None = timestamp(nullable=True)


class PushRetry(SQLModel, table=True):
    """A reading the Admin refused; tried again after its site and device were pushed again."""

    __tablename__ = "push_retries"
    __table_args__ = OF_CLIENT

    time: datetime = timestamp(primary_key=True)
    device_id: UUID = Field(primary_key=True)
    received_at: datetime = timestamp()
    reason: str = Field(max_length=500)
    tries: int = stored(1)
    next_attempt_at: datetime | None = timestamp(nullable=True)
    created_at: datetime = timestamp(now=True)


class PushConflict(SQLModel, table=True):
    """A value of `reading_conflicts` that the Admin was not sent yet, as it is there; its reading goes first."""

    __tablename__ = "push_conflicts"
    __table_args__ = OF_CLIENT

    meter: int = Field(primary_key=True)
    time: datetime = timestamp(primary_key=True)
    quantity: int = Field(primary_key=True, sa_type=SmallInteger)
    value: int = Field(primary_key=True, sa_type=BigInteger)
    tries: int = stored(0)
    next_attempt_at: datetime | None = timestamp(nullable=True)


class PushDeadLetter(SQLModel, table=True):
    """A row the Admin would not take after a bounded number of tries, kept for a person to decide."""

    __tablename__ = "push_dead_letters"
    __table_args__ = (UniqueConstraint("resource_type", "row_key"), OF_CLIENT)

    id: int = number_key()
    resource_type: str = stored("measurements", max_length=20)
    row_key: str = Field(max_length=100)
    received_at: datetime | None = timestamp(nullable=True)
    time: datetime | None = timestamp(nullable=True)
    device_id: UUID | None = None
    reason: str = Field(max_length=500)
    tries: int
    created_at: datetime = timestamp(now=True)


class PushDecision(SQLModel, table=True):
    """What a person decided about a dead letter, and who that was."""

    __tablename__ = "push_decisions"
    __table_args__ = (
        CheckConstraint("action IN ('retry', 'discard')"),
        Index("ix_app_push_decisions_reading", "device_id", "time"),
        OF_CLIENT,
    )

    id: int = number_key()
    decided_at: datetime = timestamp(now=True)
    decided_by: str = Field(max_length=254)
    action: str = Field(max_length=10)
    resource_type: str = Field(max_length=20)
    row_key: str = Field(max_length=100)
    time: datetime | None = timestamp(nullable=True)
    device_id: UUID | None = None
    reason: str = Field(max_length=500)
    tries: int
    given_up_at: datetime = timestamp()
