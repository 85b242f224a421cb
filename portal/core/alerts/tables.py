"""What is watched and who is told, and what happened (`app`, Client)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, Uuid, text
from sqlmodel import Field, SQLModel

from portal.core.alerts.rules.alert_rules import AlertKind
from portal.core.alerts.rules.channels import ChannelKind
from portal.core.database.columns import OF_CLIENT, Rate, Word, number_key, stored, timestamp, uuid_key


# Any: a field is its value to the type checker, and what it is of is said where it is declared
def _refers(target: str, *, on_delete: str, nullable: bool = True, is_key: bool = False) -> Any:
    return Field(
        default=None,
        sa_column=Column(
            Uuid,
            ForeignKey(target, ondelete=on_delete, onupdate="CASCADE"),
            nullable=nullable,
            primary_key=is_key,
        ),
    )


class AlertChannelRow(SQLModel, table=True):
    """Who is told. `sealed_target` is where it leads, `shown` what may be seen of that."""

    __tablename__ = "alert_channels"
    __table_args__ = OF_CLIENT

    id: UUID = uuid_key(primary_key=True)
    name: str = Field(max_length=100, unique=True)
    kind: ChannelKind = Field(sa_type=Word(ChannelKind, 10))
    sealed_target: str = Field(sa_type=Text)
    shown: str = Field(max_length=200)
    quiet_from: time | None = None
    quiet_to: time | None = None
    gets_report: bool = stored(default=False)
    is_active: bool = stored(default=True)
    last_sent_at: datetime | None = timestamp(nullable=True)
    last_error: str = stored("", max_length=500)
    failures: int = stored(0)
    next_try_at: datetime | None = timestamp(nullable=True)
    created_at: datetime = timestamp(now=True)


class AlertRuleRow(SQLModel, table=True):
    """What is watched: of a meter, of a site, or of everything."""

    __tablename__ = "alert_rules"
    __table_args__ = OF_CLIENT

    id: UUID = uuid_key(primary_key=True)
    name: str = Field(max_length=100, unique=True)
    kind: AlertKind = Field(sa_type=Word(AlertKind, 20))
    site_id: UUID | None = _refers("monitoring.sites.id", on_delete="CASCADE")
    device_id: UUID | None = _refers("monitoring.devices.id", on_delete="CASCADE")
    threshold: Decimal | None = Field(default=None, sa_type=Rate)
    minutes: int | None = None
    breaks_quiet_hours: bool = stored(default=False)
    is_active: bool = stored(default=True)
    created_at: datetime = timestamp(now=True)


class AlertRuleChannel(SQLModel, table=True):
    """A channel that a rule tells."""

    __tablename__ = "alert_rule_channels"
    __table_args__ = OF_CLIENT

    rule_id: UUID = _refers("app.alert_rules.id", on_delete="CASCADE", nullable=False, is_key=True)
    channel_id: UUID = _refers("app.alert_channels.id", on_delete="CASCADE", nullable=False, is_key=True)


class AlertRow(SQLModel, table=True):
    """What happened: one row for each cause until it ends. What it was about it says itself, if that is gone later.

    `said` is how its words were said, for another language.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "ix_alerts_open",
            "rule_id",
            "cause",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        OF_CLIENT,
    )

    id: int = number_key(always=True)
    rule_id: UUID | None = _refers("app.alert_rules.id", on_delete="SET NULL")
    rule_name: str = Field(max_length=100)
    kind: AlertKind = Field(sa_type=Word(AlertKind, 20))
    cause: str = Field(max_length=100)
    site_id: UUID | None = None
    device_id: UUID | None = None
    subject: str = Field(max_length=410)
    words: str = Field(max_length=500)
    began_at: datetime = timestamp()
    clear_since: datetime | None = timestamp(nullable=True)
    ended_at: datetime | None = timestamp(nullable=True)
    ended_why: str = stored("", max_length=200)
    acknowledged_at: datetime | None = timestamp(nullable=True)
    acknowledged_by: str = stored("", max_length=254)
    note: str = stored("", max_length=500)
    said: str = stored("", sa_type=Text)


class AlertMessage(SQLModel, table=True):
    """What a channel is to be told, from `due_at` on; `done_at` is when that was over, sent or not."""

    __tablename__ = "alert_messages"
    __table_args__ = (
        Index("ix_alert_messages_waiting", "channel_id", postgresql_where=text("done_at IS NULL")),
        OF_CLIENT,
    )

    id: int = number_key(always=True)
    alert_id: int = Field(
        sa_column=Column(
            BigInteger, ForeignKey("app.alerts.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    channel_id: UUID = _refers("app.alert_channels.id", on_delete="CASCADE", nullable=False)
    event: str = Field(max_length=10)
    due_at: datetime = timestamp()
    done_at: datetime | None = timestamp(nullable=True)
    is_sent: bool = stored(default=False)
