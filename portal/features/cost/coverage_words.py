"""How much of the days of a cost page has readings, in words: above the figures, in their rows, beside comparisons."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.ui import formats

NO_READINGS = "no readings"
_NAMED_DAYS = 3


class CoverageWords(NamedTuple):
    """What is missing: how many days first, then which days and hours; empty where nothing is."""

    counted: str = ""
    which: str = ""


def coverage_words(coverage: Coverage) -> CoverageWords:
    """What has readings of the days that are over, or under way; nothing where all of it has, or none is asked for."""
    if coverage.is_whole or not coverage.days:
        return CoverageWords()
    empty = coverage.empty_days
    there = len(coverage.days) - len(empty)
    missing = sum(each.asked - each.covered for each in coverage.days if each.covered)
    count = f"Readings on {there} of {formats.count(len(coverage.days), 'day')}." if empty else ""
    which = [f"None on {_listed(empty)}"] if empty and there else []
    if missing:
        hours = f"{formats.number(missing, 0)} of {formats.count(coverage.asked, 'meter-hour')}"
        which.append(f"{hours} {'are' if missing > 1 else 'is'} missing{' on other days' if empty else ''}")
    return CoverageWords(count, f"{'; '.join(which)}." if which else "")


def hours_note(day: DayCover) -> str:
    """What a day's row says of its hours: `335 of 336 h`; nothing where none is missing."""
    return f"{day.covered} of {day.asked} h" if 0 < day.covered < day.asked else ""


def no_comparison(now: Coverage, before: Coverage) -> str:
    """Why days are not compared, in a few words; empty where both have all of their readings."""
    for coverage, which in ((now, "these days"), (before, "the days before")):
        if coverage.is_whole or not coverage.days:
            continue
        empty = coverage.empty_days
        if not coverage.asked:
            return "no comparison: no readings before"
        if len(empty) == 1:
            return f"no comparison while {empty[0].day} {empty[0]:%B} is missing"
        return f"no comparison while readings of {which} are missing"
    return ""


def _listed(days: Sequence[date]) -> str:
    if len(days) > _NAMED_DAYS:
        return formats.count(len(days), "day")
    return " and ".join(f"{day.day} {day:%B}" for day in days)
