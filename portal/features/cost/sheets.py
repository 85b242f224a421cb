"""A cost report as tables: what its files hold, in the digits that a page shows."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from portal.core.cost.rules.cost import CostReport
from portal.features.cost.listings import Line, Listing, Listings, listings_of
from portal.ui.range_picker import DayRange

DAY: Final = "Day"
FIGURES: Final = ("kWh", "Base", "VAT", "Total")
_NOTES = {"Device": "Site"}
Value = str | Decimal | date


@dataclass(frozen=True, slots=True)
class Export:
    """A report and the words that say what it is: days, whose days they are, whose energy, and when it was made."""

    report: CostReport
    days: DayRange
    zone: str
    about: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """A listing in one currency: a first column of dates or names, and what they add up to."""

    title: str
    first: str
    note: str
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...]
    currency: str


def sheets(report: CostReport) -> tuple[Sheet, ...]:
    """Return every listing of a report, of its own currency, in the digits that a page shows."""
    listings = listings_of(report)
    return tuple(_sheet(listing, listings, report.currency) for listing in listings.each)


def _sheet(listing: Listing, listings: Listings, currency: str) -> Sheet:
    note = _NOTES.get(listing.first, "Note")
    rows = tuple(map(_row, listing.lines))
    return Sheet(listing.title, listing.first, note, rows, _row(listings.total), currency)


def _row(line: Line) -> tuple[Value, ...]:
    return line.day or line.label, line.note, line.kwh or Decimal("0.00"), line.base, line.vat, line.total
