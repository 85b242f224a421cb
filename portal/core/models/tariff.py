"""Municipalities and tariffs of a Client (`app`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy import ForeignKeyConstraint, SmallInteger
from sqlmodel import Field, SQLModel

from portal.core.models.columns import Money, Rate, Share, timestamp


class Municipality(SQLModel, table=True):
    """Whose tariffs apply, and in which local time."""

    __tablename__ = "municipalities"
    __table_args__ = {"schema": "app"}

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=200, unique=True)
    time_zone_id: str = Field(max_length=64)
    updated_at: datetime = timestamp(now=True)


class Tariff(SQLModel, table=True):
    """A tariff and the dates it covers; `effective_to` is its last day, null while it is open."""

    __tablename__ = "tariffs"
    __table_args__ = {"schema": "app"}

    id: int | None = Field(default=None, primary_key=True)
    municipality_id: int = Field(foreign_key="app.municipalities.id", index=True)
    name: str = Field(max_length=200)
    effective_from: date
    effective_to: date | None = None
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)
    fixed_monthly_charge: Decimal = Field(sa_type=Money)
    vat_rate: Decimal = Field(sa_type=Share)
    currency: str | None = Field(default=None, max_length=3)
    is_active: bool = True
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
        {"schema": "app"},
    )

    id: int | None = Field(default=None, primary_key=True)
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
    __table_args__ = {"schema": "app"}

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    place: int = Field(primary_key=True, sa_type=SmallInteger)
    name: str = Field(max_length=100)
    first_day: str = Field(max_length=5)
    last_day: str = Field(max_length=5)
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)


class TariffHoliday(SQLModel, table=True):
    """A date that is priced as another kind of day."""

    __tablename__ = "tariff_holidays"
    __table_args__ = {"schema": "app"}

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    on_date: date = Field(primary_key=True)
    name: str = Field(max_length=200)
    day_type: str = Field(max_length=10)
