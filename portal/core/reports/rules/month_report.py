"""A month in figures: energy, cost by period and by site, beside the months before, and what happened. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.core.alerts.rules.conditions import amount_words
from portal.core.cost.rules.cost import CostReport, DayCost
from portal.core.errors import Invalid
from portal.core.values.money import rounding_decimals
from portal.core.words import say

FULL = 0.99
"""A month is compared with another where this share of the hours of both is known."""
_MOST_EVENTS = 40


@dataclass(frozen=True)
class MonthTotals:
    """What a month came to: with VAT, `fixed` apart from energy.

    `coverage` is the known share of the hours of its meters, `meters` how many were there on average.
    """

    month: date
    kwh: Decimal
    energy_cost: Decimal
    fixed: Decimal
    currency: str
    coverage: float
    meters: float

    @property
    def total(self) -> Decimal:
        """Energy and fixed charges."""
        return self.energy_cost + self.fixed


@dataclass(frozen=True)
class PeriodLine:
    """A time-of-use period of the month; None is the default rate."""

    name: str | None
    kwh: Decimal
    cost: Decimal


@dataclass(frozen=True)
class SiteShare:
    """A site's share of the month."""

    name: str
    kwh: Decimal
    energy_cost: Decimal
    fixed: Decimal

    @property
    def total(self) -> Decimal:
        """Energy and fixed charges."""
        return self.energy_cost + self.fixed


@dataclass(frozen=True)
class MonthEvent:
    """Something that happened in the month."""

    began_at: datetime
    ended_at: datetime | None
    words: str


@dataclass(frozen=True)
class BesideMonth:
    """The month beside another: by how much more, as a share, None where the other had nothing; or why not."""

    label: str
    month: date
    kwh_change: float | None = None
    cost_change: float | None = None
    why_not: str = ""
    other: MonthTotals | None = None


@dataclass(frozen=True)
class MonthReport:
    """The whole report. `is_so_far`: the month is not over; `notes` are to be known before it is believed."""

    totals: MonthTotals
    zone: ZoneInfo
    made_at: datetime
    is_so_far: bool
    periods: tuple[PeriodLine, ...]
    sites: tuple[SiteShare, ...]
    days: tuple[DayCost, ...]
    compared: tuple[BesideMonth, ...]
    events: tuple[MonthEvent, ...]
    events_left_out: int
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """The month in words."""
        return f"{self.totals.month:%B %Y}"


def totals_of(month: date, report: CostReport, coverage: float, meters: float) -> MonthTotals:
    """Return what a month came to, by its report in its first currency."""
    with rounding_decimals():
        fixed = sum((each.total for each in report.fixed), Decimal(0))
        return MonthTotals(month, report.total_kwh, report.total, fixed, report.currency, coverage, meters)


def build_report(
    totals: MonthTotals,
    report: CostReport,
    before: Sequence[tuple[str, MonthTotals | None, date]],
    events: Iterable[MonthEvent],
    *,
    zone: ZoneInfo,
    made_at: datetime,
    is_so_far: bool,
) -> MonthReport:
    """Return the report of a month; `before` are the months it is compared with, by what each is called."""
    all_events = list(events)
    return MonthReport(
        totals=totals,
        zone=zone,
        made_at=made_at,
        is_so_far=is_so_far,
        periods=tuple(PeriodLine(each.name, each.kwh, each.total) for each in report.periods),
        sites=_sites(report),
        days=report.days,
        compared=tuple(
            compare(totals, label, other, month, is_so_far=is_so_far) for label, other, month in before
        ),
        events=tuple(all_events[:_MOST_EVENTS]),
        events_left_out=max(0, len(all_events) - _MOST_EVENTS),
        notes=tuple(_notes(report, totals.coverage, is_so_far=is_so_far)),
    )


def compare(
    this: MonthTotals, label: str, other: MonthTotals | None, month: date, *, is_so_far: bool
) -> BesideMonth:
    """Return a month beside another, or why that would mean nothing."""
    plain = BesideMonth(label, month, other=other)
    if is_so_far:
        return replace(plain, why_not=say("the month is not over"))
    if other is None or other.coverage == 0:
        return replace(plain, why_not=say("there are no readings of {month}", month=f"{month:%B %Y}"))
    for each in (this, other):
        if each.coverage < FULL:
            missing = max(1, round((1 - each.coverage) * 100))
            return replace(
                plain,
                why_not=say(
                    "{missing} % of the hours of {month} have no readings",
                    missing=missing,
                    month=f"{each.month:%B %Y}",
                ),
            )
    if abs(this.meters - other.meters) > (1 - FULL) * max(this.meters, other.meters):
        return replace(
            plain, why_not=say("not the same meters were there in {month}", month=f"{month:%B %Y}")
        )
    if other.currency != this.currency:
        return replace(plain, why_not=say("{month} was in another currency", month=f"{month:%B %Y}"))
    return replace(
        plain,
        kwh_change=_change(this.kwh, other.kwh),
        cost_change=_change(this.total, other.total),
    )


def _change(this: Decimal, other: Decimal) -> float | None:
    return None if other <= 0 else float(this / other) - 1


def _sites(report: CostReport) -> tuple[SiteShare, ...]:
    """Return the sites, the dearest first; bulk meters alone add up."""
    lines: dict[str, SiteShare] = {}
    zero = Decimal(0)
    with rounding_decimals():
        for device in report.devices:
            was = lines.get(device.site_name, SiteShare(device.site_name, zero, zero, zero))
            lines[device.site_name] = replace(
                was, kwh=was.kwh + device.kwh, energy_cost=was.energy_cost + device.total
            )
        for charge in report.fixed:
            was = lines.get(charge.site_name, SiteShare(charge.site_name, zero, zero, zero))
            lines[charge.site_name] = replace(was, fixed=was.fixed + charge.total)
    return tuple(sorted(lines.values(), key=lambda line: (-line.total, line.name)))


def _notes(report: CostReport, coverage: float, *, is_so_far: bool) -> Iterable[str]:
    if is_so_far:
        yield say(
            "The month is not over: these are the figures so far, with today's whole share of the fixed charges."
        )
    if coverage < FULL:
        missing = max(1, round((1 - coverage) * 100))
        yield say("{missing} % of the hours have no readings; their energy is not known.", missing=missing)
    if report.unallocated_kwh > 0:
        yield say(
            "{used} kWh were used in long gaps, at times that are not known: they are in no figure here.",
            used=amount_words(report.unallocated_kwh),
        )
    if report.buckets_without_tariff:
        yield say("Some energy has no tariff, and costs nothing here.")
    for left_out in report.left_out:
        charges = ", ".join(left_out.charges)
        yield say("Not included, of {tariff}: {charges}.", tariff=left_out.tariff_name, charges=charges)
    for other in report.others:
        money, energy = amount_words(other.total), amount_words(other.total_kwh)
        yield say("Also {currency} {money} for {kwh} kWh.", currency=other.currency, money=money, kwh=energy)


def month_before(month: date, count: int) -> date:
    """Return the first day of the month so many months before one."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def month_in(text: str) -> date | None:
    """Return the first day of a month written like 2026-10, None for an empty text. Raises `Invalid`."""
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text.strip()}-01")
    except ValueError:
        message = say("{words} is no month like 2026-10", words=f"{text[:20]!r}")
        raise Invalid(message) from None
