"""Municipalities and tariffs of a Client (`app`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from portal.core.database.columns import OF_CLIENT, Money, Rate, Share, stored, timestamp


def _numbered(sequence: str) -> Any:
    """Return a key by a sequence of its own: a database that is set back gives out no number a second time."""
    default = text(f"app.unused_number('app.{sequence}'::regclass)")
    return Field(default=None, sa_column=Column(Integer, server_default=default, primary_key=True))


class Municipality(SQLModel, table=True):
    """Whose tariffs apply, and in which local time."""

    __tablename__ = "municipalities"
    __table_args__ = OF_CLIENT

    id: int = _numbered("municipality_numbers")
    name: str = Field(max_length=200, unique=True)
    time_zone_id: str = Field(max_length=64)
    updated_at: datetime = timestamp(now=True)


class TariffRecord(SQLModel, table=True):
    """A tariff and the dates it covers; `effective_to` is its last day, null while it is open."""

    __tablename__ = "tariffs"
    __table_args__ = (UniqueConstraint("municipality_id", "name", "effective_from"), OF_CLIENT)

    id: int = _numbered("tariff_numbers")
    municipality_id: int = Field(
        sa_column=Column(Integer, ForeignKey("app.municipalities.id", onupdate="CASCADE"), nullable=False)
    )
    name: str = Field(max_length=200)
    effective_from: date
    effective_to: date | None = None
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)
    fixed_monthly_charge: Decimal = stored(Decimal(0), sa_type=Money)
    vat_rate: Decimal = stored(Decimal(0), sa_type=Share)
    currency: str | None = Field(default=None, max_length=3)
    is_active: bool = stored(default=True)
    updated_at: datetime = timestamp(now=True)


class TariffPeriod(SQLModel, table=True):
    """One time-of-use period: local times, days as a bit mask with Monday = 1, holidays = 128."""

    __tablename__ = "tariff_periods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tariff_id", "season"],
            ["app.tariff_seasons.tariff_id", "app.tariff_seasons.place"],
            ondelete="CASCADE",
        ),
        CheckConstraint("days_of_week BETWEEN 1 AND 255"),
        OF_CLIENT,
    )

    id: int = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=100)
    season: int | None = Field(default=None, sa_type=SmallInteger)
    days_of_week: int
    start_time: time
    end_time: time
    rate_per_kwh: Decimal = Field(sa_type=Rate)


class TariffSeason(SQLModel, table=True):
    """Days of the year with periods and a default rate of their own; `first_day` is like 06-01."""

    __tablename__ = "tariff_seasons"
    __table_args__ = OF_CLIENT

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    place: int = Field(primary_key=True, sa_type=SmallInteger)
    name: str = Field(max_length=100)
    first_day: str = Field(max_length=5)
    last_day: str = Field(max_length=5)
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)


class TariffHoliday(SQLModel, table=True):
    """A date that is priced as another kind of day."""

    __tablename__ = "tariff_holidays"
    __table_args__ = (CheckConstraint("day_type IN ('saturday', 'sunday', 'holiday')"), OF_CLIENT)

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    on_date: date = Field(primary_key=True)
    name: str = Field(max_length=200)
    day_type: str = Field(max_length=10)
