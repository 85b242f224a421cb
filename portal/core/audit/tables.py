"""The audit trail (`app`, both run modes)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from portal.core.database.columns import number_key, stored, timestamp


class AuditRow(SQLModel, table=True):
    """Who did what, when and from where. Rows are only ever added: triggers refuse everything else."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("audit_events_by_actor", "actor_id", "at"), {"schema": "app"})

    id: int = number_key(always=True)
    at: datetime = timestamp(now=True)
    action: str = Field(max_length=60)
    actor_kind: str = Field(max_length=20)
    actor_id: UUID | None = None
    actor_name: str = Field(max_length=254)
    address: str = Field(max_length=64)
    subject: str = stored("", max_length=254)
    detail: str = stored("", max_length=2000)
