"""Sites and devices of a Client (`monitoring`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from portal.core.models.columns import Kilowatts, timestamp


class Site(SQLModel, table=True):
    """A place with meters; its municipality gives the time zone and the tariffs."""

    __tablename__ = "sites"
    __table_args__ = {"schema": "monitoring"}

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(max_length=200, unique=True)
    address: str = Field(default="", max_length=500)
    municipality_id: int | None = Field(default=None, foreign_key="app.municipalities.id")
    is_active: bool = True
    updated_at: datetime = timestamp(now=True)


class Device(SQLModel, table=True):
    """A meter with its board; only the SHA-256 of its token is stored."""

    __tablename__ = "devices"
    __table_args__ = {"schema": "monitoring"}

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    site_id: UUID = Field(foreign_key="monitoring.sites.id", index=True)
    name: str = Field(max_length=200)
    external_id: str = Field(max_length=100, unique=True)
    description: str = Field(default="", max_length=500)
    max_power_kw: Decimal | None = Field(default=None, sa_type=Kilowatts)
    is_active: bool = True
    token_hash: str = Field(max_length=64, unique=True)
    updated_at: datetime = timestamp(now=True)
