"""Which report went to whom (`app`, Client)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, Date, ForeignKey, Uuid
from sqlmodel import Field, SQLModel

from portal.core.database.columns import OF_CLIENT, timestamp


class SentReport(SQLModel, table=True):
    """A month's report that a channel was sent."""

    __tablename__ = "sent_reports"
    __table_args__ = OF_CLIENT

    month: date = Field(sa_column=Column(Date, primary_key=True))
    channel_id: UUID = Field(
        sa_column=Column(
            Uuid,
            ForeignKey("app.alert_channels.id", ondelete="CASCADE", onupdate="CASCADE"),
            primary_key=True,
        )
    )
    sent_at: datetime = timestamp(now=True)
