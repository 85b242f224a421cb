"""A cost report as tables: what its files hold, in the digits that a page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.features.cost.coverage_words import NO_READINGS, hours_note
from portal.features.cost.listings import Line, Listing, Listings, listings_of
from portal.ui.range_picker import DayRange

DAY: Final = "Day"
FIGURES: Final = ("kWh", "Base", "VAT", "Total")
_NOTES = {"Device": "Site"}
Value = str | Decimal | date | None


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


def sheets(report: CostReport, coverage: Coverage) -> tuple[Sheet, ...]:
    """Return every listing of a report, of its own currency, in the digits that a page shows.

    `coverage` is that of the whole window: a day without readings has no figures.
    """
    listings = listings_of(report)
    days = {each.day: each for each in coverage.days}
    return tuple(_sheet(listing, listings, report.currency, days) for listing in listings.each)


def _sheet(listing: Listing, listings: Listings, currency: str, days: Mapping[date, DayCover]) -> Sheet:
    note = _NOTES.get(listing.first, "Note")
    rows = tuple(_row(line, days.get(line.day) if line.day else None) for line in listing.lines)
    return Sheet(listing.title, listing.first, note, rows, _row(listings.total), currency)


def _row(line: Line, cover: DayCover | None = None) -> tuple[Value, ...]:
    if cover and not cover.covered and not line.kwh:
        if not line.note:
            return line.day, NO_READINGS, None, None, None, None
        return line.day, f"{NO_READINGS}, {line.note}", None, line.base, line.vat, line.total
    note = ", ".join(words for words in (hours_note(cover) if cover else "", line.note) if words)
    return line.day or line.label, note, *_figures(line)


def _figures(line: Line) -> tuple[Decimal, ...]:
    return line.kwh or Decimal("0.00"), line.base, line.vat, line.total
