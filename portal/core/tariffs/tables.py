"""Municipalities and tariffs: of a Client (`app`), and those its Admin was sent (`fleet`), by customer.

The fields are declared once, as the shape in `rules/tariffs` has them; each mode adds its keys.
"""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.database.columns import OF_CLIENT, Money, Rate, Share, Word, stored, timestamp, uuid_key
from portal.core.tariffs.rules.tariffs import LONGEST_NOT_INCLUDED, LONGEST_PERIOD_NAME, DayType, MonthDay

_DAYS_BOUND = "days_of_week BETWEEN 1 AND 255"
_DAY_TYPES = "day_type IN ('saturday', 'sunday', 'holiday')"


class DayOfYear(TypeDecorator[MonthDay]):
    """A day of any year, as a text like 06-01."""

    impl = String(5)
    cache_ok = True

    def process_bind_param(self, value: MonthDay | None, dialect: Dialect) -> str | None:
        """Return the text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> MonthDay | None:
        """Return the day. Raises `ValueError` for a text that is none."""
        if value is None:
            return None
        month, day = value.split("-")
        return MonthDay(int(month), int(day))


def _numbered(sequence: str) -> int:
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


def _of_fleet_tariff() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["customer_id", "tariff_id"], ["fleet.tariffs.customer_id", "fleet.tariffs.id"], ondelete="CASCADE"
    )


class FleetMunicipality(SQLModel, table=True):
    """A customer's municipality."""

    __tablename__ = "municipalities"
    __table_args__ = {"schema": "fleet"}

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True)
    id: int = Field(primary_key=True)
    name: str = Field(max_length=200)
    time_zone_id: str = Field(max_length=64)
    received_at: datetime = timestamp(now=True)
    ended_at: datetime | None = timestamp(nullable=True)


class TariffColumns(SQLModel):
    """The fields of a `Tariff`."""

    name: str = Field(max_length=200)
    effective_from: date
    effective_to: date | None = None
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)
    fixed_monthly_charge: Decimal = stored(Decimal(0), sa_type=Money)
    vat_rate: Decimal = stored(Decimal(0), sa_type=Share)
    currency: str | None = Field(default=None, max_length=3)
    is_active: bool = stored(default=True)
    default_name: str | None = Field(default=None, max_length=LONGEST_PERIOD_NAME)
    not_included: str | None = Field(default=None, max_length=LONGEST_NOT_INCLUDED)


class PeriodColumns(SQLModel):
    """The fields of a `Period`, and its season by its position."""

    name: str = Field(max_length=100)
    season: int | None = Field(default=None, sa_type=SmallInteger)
    days_of_week: int
    start_time: time
    end_time: time
    rate_per_kwh: Decimal = Field(sa_type=Rate)


class SeasonColumns(SQLModel):
    """The fields of a `Season`."""

    name: str = Field(max_length=100)
    first_day: MonthDay = Field(sa_type=DayOfYear)
    last_day: MonthDay = Field(sa_type=DayOfYear)
    default_rate_per_kwh: Decimal = Field(sa_type=Rate)


class HolidayColumns(SQLModel):
    """The fields of a `Holiday`, but its date, which is its key."""

    name: str = Field(max_length=200)
    day_type: DayType = Field(sa_type=Word(DayType, 10))


class TariffRecord(TariffColumns, table=True):
    """A Client's tariff and the dates it covers; `effective_to` is its last day, null while it is open."""

    __tablename__ = "tariffs"
    __table_args__ = (UniqueConstraint("municipality_id", "name", "effective_from"), OF_CLIENT)

    id: int = _numbered("tariff_numbers")
    municipality_id: int = Field(
        sa_column=Column(Integer, ForeignKey("app.municipalities.id", onupdate="CASCADE"), nullable=False)
    )
    updated_at: datetime = timestamp(now=True)


class FleetTariff(TariffColumns, table=True):
    """A customer's tariff."""

    __tablename__ = "tariffs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["customer_id", "municipality_id"],
            ["fleet.municipalities.customer_id", "fleet.municipalities.id"],
        ),
        {"schema": "fleet"},
    )

    customer_id: UUID = Field(foreign_key="fleet.customers.id", primary_key=True)
    id: int = Field(primary_key=True)
    municipality_id: int
    received_at: datetime = timestamp(now=True)
    ended_at: datetime | None = timestamp(nullable=True)


class TariffPeriod(PeriodColumns, table=True):
    """One time-of-use period: local times, days as a bit mask with Monday = 1, holidays = 128."""

    __tablename__ = "tariff_periods"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tariff_id", "season"],
            ["app.tariff_seasons.tariff_id", "app.tariff_seasons.position"],
            ondelete="CASCADE",
        ),
        CheckConstraint(_DAYS_BOUND),
        OF_CLIENT,
    )

    id: int = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", index=True)


class FleetTariffPeriod(PeriodColumns, table=True):
    """A period of a customer's tariff; replaced as a set with its tariff."""

    __tablename__ = "tariff_periods"
    __table_args__ = (
        _of_fleet_tariff(),
        ForeignKeyConstraint(
            ["customer_id", "tariff_id", "season"],
            [f"fleet.tariff_seasons.{column}" for column in ("customer_id", "tariff_id", "position")],
            ondelete="CASCADE",
        ),
        CheckConstraint(_DAYS_BOUND),
        Index("ix_fleet_tariff_periods_tariff", "customer_id", "tariff_id"),
        {"schema": "fleet"},
    )

    customer_id: UUID = Field(primary_key=True)
    id: int = Field(primary_key=True)
    tariff_id: int


class TariffSeason(SeasonColumns, table=True):
    """Days of the year with periods and a default rate of their own; `first_day` is like 06-01."""

    __tablename__ = "tariff_seasons"
    __table_args__ = OF_CLIENT

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    position: int = Field(primary_key=True, sa_type=SmallInteger)


class FleetTariffSeason(SeasonColumns, table=True):
    """A season of a customer's tariff."""

    __tablename__ = "tariff_seasons"
    __table_args__ = (_of_fleet_tariff(), {"schema": "fleet"})

    customer_id: UUID = Field(primary_key=True)
    tariff_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=SmallInteger)


class TariffHoliday(HolidayColumns, table=True):
    """A date that is priced as another kind of day."""

    __tablename__ = "tariff_holidays"
    __table_args__ = (CheckConstraint(_DAY_TYPES), OF_CLIENT)

    tariff_id: int = Field(foreign_key="app.tariffs.id", ondelete="CASCADE", primary_key=True)
    on_date: date = Field(primary_key=True)


class FleetTariffHoliday(HolidayColumns, table=True):
    """A holiday of a customer's tariff."""

    __tablename__ = "tariff_holidays"
    __table_args__ = (_of_fleet_tariff(), CheckConstraint(_DAY_TYPES), {"schema": "fleet"})

    customer_id: UUID = Field(primary_key=True)
    tariff_id: int = Field(primary_key=True)
    on_date: date = Field(primary_key=True)


class EditionColumns(SQLModel):
    """What both sides keep of an `Edition` beside its tariff, which is kept as it travels."""

    municipality: str = Field(max_length=200)
    time_zone_id: str = Field(max_length=64)
    source: str = stored("", max_length=300)
    version: str = Field(max_length=20)


class TariffEdition(EditionColumns, table=True):
    """A tariff of a municipality that the operator keeps for all customers; who is offered it is asked of its flag.

    `name` and `effective_from` are those of `tariff`, and with the municipality what there is one edition of.
    """

    __tablename__ = "tariff_editions"
    __table_args__ = (UniqueConstraint("municipality", "name", "effective_from"), {"schema": "fleet"})

    id: UUID = uuid_key(primary_key=True)
    name: str = Field(max_length=200)
    effective_from: date
    is_published: bool = stored(default=False)
    changed_at: datetime = timestamp(now=True)
    tariff: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))


class TariffOffer(EditionColumns, table=True):
    """An edition of the operator's that a Client was told of, and what somebody here said to it.

    `answer` is accepted, drafted or declined, of the edition as it was in `answered_version`. `tariff_id` is the tariff
    that was made of it, `replaced` the one that stood in its place, which comes back when the answer is undone. An
    answered one that the operator took back is `is_withdrawn`.
    """

    __tablename__ = "tariff_offers"
    __table_args__ = OF_CLIENT

    id: UUID = Field(primary_key=True)
    tariff: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))
    received_at: datetime = timestamp(now=True)
    is_withdrawn: bool = stored(default=False)
    answer: str | None = Field(default=None, max_length=10)
    answered_version: str | None = Field(default=None, max_length=20)
    answered_at: datetime | None = timestamp(nullable=True)
    answered_by: str = stored("", max_length=254)
    tariff_id: int | None = Field(
        default=None,
        sa_column=Column(
            Integer, ForeignKey("app.tariffs.id", onupdate="CASCADE", ondelete="SET NULL"), nullable=True
        ),
    )
    replaced: dict[str, object] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
