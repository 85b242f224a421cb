"""What the days before came to, in a few words under the figures."""

from datetime import timedelta
from decimal import Decimal

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.totals import total_of
from portal.core.languages import tr
from portal.features.cost.coverage_words import no_comparison
from portal.ui import formats
from portal.ui.range_picker import DayRange

_DAY = timedelta(days=1)


def days_before(days: DayRange) -> DayRange:
    """The days that some days are compared with: the same of the month before where they begin a month.

    Any others are compared with as many days just before them.
    """
    before = days.first - _DAY
    if days.first.day != 1 or (days.first.year, days.first.month) != (days.last.year, days.last.month):
        return DayRange(days.first - (days.last - days.first) - _DAY, before)
    is_whole_month = (days.last + _DAY).day == 1
    last = before if is_whole_month else before.replace(day=min(days.last.day, before.day))
    return DayRange(before.replace(day=1), last)


def build_comparison(
    report: CostReport, before: CostReport, days: DayRange, *, is_running: bool
) -> tuple[str, str]:
    """How energy and cost, fixed charges included, stand to those of `days`, nothing where those hold no energy.

    Where readings are missing on either side nothing is compared, and the first says why.
    `is_running` says that the days are not over, and were compared up to the same time.
    """
    missing = no_comparison(report.coverage, before.coverage)
    if missing:
        return missing, ""
    label = tr("{days} by now", days=_short(days)) if is_running else _short(days)
    energy = _in_words(report.total_kwh, before.total_kwh, label)
    if report.currency != before.currency:
        return energy, ""
    # Days carry their part of the fixed charges, on both sides; but none are compared with days that used nothing.
    cost = _in_words(total_of(report).total, total_of(before).total, label) if before.total_kwh else ""
    return energy, cost


def _short(days: DayRange) -> str:
    """The days without their year: they lie just before those that are shown."""
    text = formats.day_range(days.first, days.last)
    return text.removesuffix(f" {days.last.year}") if days.first.year == days.last.year else text


def _in_words(now: Decimal, before: Decimal, label: str) -> str:
    return formats.change_beside(now, before, label)
