"""Tariffs on the wire: one shape for import, API and the `tariffs` batch. Rates are exact decimals.

What a simple tariff does not have is not written, so that a peer that does not know it reads what it always did.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec

from portal.core.tariffs.rules.editions import LONGEST_SOURCE, Edition
from portal.core.tariffs.rules.tariff_wire import tariff_to_wire
from portal.core.tariffs.rules.tariffs import LONGEST_NOT_INCLUDED, DayType, Tariff
from portal.core.wire_fields import (
    ClockTime,
    CurrencyCode,
    DayMask,
    Exact,
    Key,
    MonthDay,
    Name,
    PeriodName,
    ZoneName,
)

Rate = Annotated[
    Exact,
    msgspec.Meta(
        description="at most 6 decimals; one below zero is asked about, see confirmNegativeRates",
        extra_json_schema={"exclusiveMinimum": -1_000_000, "exclusiveMaximum": 1_000_000},
    ),
]
Charge = Annotated[
    Exact,
    msgspec.Meta(
        description="at most 6 decimals", extra_json_schema={"minimum": 0, "exclusiveMaximum": 1_000_000_000}
    ),
]
Share = Annotated[
    Exact,
    msgspec.Meta(description="a fraction: 15 % is 0.15", extra_json_schema={"minimum": 0, "maximum": 1}),
]


NotIncluded = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=LONGEST_NOT_INCLUDED,
        description="charges of the price list that are not priced, with '; ' between them",
    ),
]


class HolidayPeriodRow(msgspec.Struct, rename="camel", kw_only=True):
    """A time-of-use period `[startTime, endTime)`, local time, on the holidays of the day type "holiday"."""

    name: PeriodName
    start_time: ClockTime
    end_time: ClockTime
    rate_per_kwh: Rate


class TariffPeriodRow(HolidayPeriodRow, rename="camel", kw_only=True):
    """A time-of-use period `[startTime, endTime)` in the municipality's local time."""

    days_of_week: DayMask
    on_holidays: bool | msgspec.UnsetType = msgspec.UNSET


class SeasonRow(msgspec.Struct, rename="camel", kw_only=True):
    """Days of the year, both ends included, with periods and a default rate of their own."""

    name: PeriodName
    first_day: MonthDay
    last_day: MonthDay
    default_rate_per_kwh: Rate
    periods: list[TariffPeriodRow] = []
    holiday_periods: list[HolidayPeriodRow] | msgspec.UnsetType = msgspec.UNSET


class HolidayRow(msgspec.Struct, rename="camel", kw_only=True):
    """A date that is priced as another kind of day."""

    date: date
    name: Name = "Public holiday"
    day_type: DayType


class _Tariff(msgspec.Struct, rename="camel", kw_only=True):
    name: Name
    effective_from: date
    effective_to: date | None = None
    default_rate_per_kwh: Rate
    fixed_monthly_charge: Charge = Decimal(0)
    is_active: bool = True
    currency: CurrencyCode | None = None
    default_name: PeriodName | msgspec.UnsetType | None = msgspec.UNSET
    not_included: NotIncluded | msgspec.UnsetType | None = msgspec.UNSET
    periods: list[TariffPeriodRow] = []
    holiday_periods: list[HolidayPeriodRow] | msgspec.UnsetType = msgspec.UNSET
    seasons: list[SeasonRow] | msgspec.UnsetType = msgspec.UNSET
    holidays: list[HolidayRow] | msgspec.UnsetType = msgspec.UNSET


class TariffRow(_Tariff, rename="camel", kw_only=True):
    """A tariff in a batch, with the Client's ids."""

    id: Key
    municipality_id: Key
    vat_rate: Share = Decimal(0)


class TariffEntry(_Tariff, rename="camel", kw_only=True):
    """A tariff as imported or entered through the API: by its municipality's name or id, one of which it needs."""

    id: Annotated[Key | None, msgspec.Meta(extra_json_schema={"readOnly": True})] = None
    municipality: Name | None = None
    municipality_id: Key | None = None
    vat_rate: Share


# As those of a batch, of which an ingest lets through what it does not know; what operators hand in is taken strictly,
# and a shape of its own says so. Nothing is ever put into one of these that the other could not hold.
class EditionHolidayPeriodRow(HolidayPeriodRow, rename="camel", kw_only=True):
    """A period of an edition on the holidays of the day type "holiday"."""


class EditionPeriodRow(TariffPeriodRow, rename="camel", kw_only=True):
    """A time-of-use period of an edition, in the municipality's local time."""


class EditionSeasonRow(SeasonRow, rename="camel", kw_only=True):
    """A season of an edition."""

    # narrower than in what it is made of: its rows know no other names
    periods: list[EditionPeriodRow] = []  # pyright: ignore[reportIncompatibleVariableOverride]
    # narrower than in what it is made of: its rows know no other names
    holiday_periods: list[EditionHolidayPeriodRow] | msgspec.UnsetType = msgspec.UNSET  # pyright: ignore[reportIncompatibleVariableOverride]


class EditionHolidayRow(HolidayRow, rename="camel", kw_only=True):
    """A holiday of an edition."""


class EditionEntry(_Tariff, rename="camel", kw_only=True):
    """A tariff as the operator's library takes it in, by its municipality's name.

    The time zone may be left out where it is known of that municipality; `source` says where the figures are from.
    """

    municipality: Name
    time_zone_id: ZoneName | None = None
    source: Annotated[str, msgspec.Meta(max_length=LONGEST_SOURCE)] = ""
    vat_rate: Share
    # narrower than in what it is made of: its rows know no other names
    periods: list[EditionPeriodRow] = []  # pyright: ignore[reportIncompatibleVariableOverride]
    # narrower than in what it is made of: its rows know no other names
    holiday_periods: list[EditionHolidayPeriodRow] | msgspec.UnsetType = msgspec.UNSET  # pyright: ignore[reportIncompatibleVariableOverride]
    # narrower than in what it is made of: its rows know no other names
    seasons: list[EditionSeasonRow] | msgspec.UnsetType = msgspec.UNSET  # pyright: ignore[reportIncompatibleVariableOverride]
    # narrower than in what it is made of: its rows know no other names
    holidays: list[EditionHolidayRow] | msgspec.UnsetType = msgspec.UNSET  # pyright: ignore[reportIncompatibleVariableOverride]


class TariffAnswer(_Tariff, rename="camel", kw_only=True):
    """A stored tariff. It may be handed back as it is."""

    id: Key
    municipality_id: Key
    municipality: Name
    vat_rate: Share


class EditionRow(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """An edition of the operator's library as a Client is told of it.

    `tariff` is a tariff in the shape it is imported in, without its municipality. A Client keeps it as it comes, and
    reads it when it is looked at: a later release may say in it what this one does not know.
    """

    id: UUID
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    municipality: Name
    time_zone_id: ZoneName
    source: Annotated[str, msgspec.Meta(max_length=LONGEST_SOURCE)] = ""
    tariff: dict[str, Any]  # Any: JSON that a later release may have said more in


class EditionPage(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """Editions by id; `next` is `after` of the next page, null after the last."""

    rows: list[EditionRow]
    next: UUID | None = None


def edition_row(edition: Edition, version: str) -> EditionRow:
    """Return an edition as a Client is told of it, in the version in which it is kept."""
    return EditionRow(
        id=edition.id,
        version=version,
        municipality=edition.municipality,
        time_zone_id=edition.time_zone_id,
        source=edition.source,
        tariff=edition.wire(_exact),
    )


def tariff_row(tariff: Tariff) -> TariffRow:
    """Return a stored tariff as a row of a batch, its decimals exact."""
    return msgspec.convert(tariff_to_wire(tariff, number=_exact), TariffRow)


def tariff_entry(tariff: Tariff) -> TariffEntry:
    """Return a tariff as it is entered, its decimals exact."""
    return msgspec.convert(tariff_to_wire(tariff, number=_exact), TariffEntry)


def tariff_answer(tariff: Tariff, municipality: str) -> TariffAnswer:
    """Return a stored tariff as it is answered, its decimals exact."""
    wire = tariff_to_wire(tariff, number=_exact) | {"municipality": municipality}
    return msgspec.convert(wire, TariffAnswer)


def _exact(value: Decimal) -> Decimal:
    return value
