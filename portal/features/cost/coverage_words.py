"""How much of the days of a cost page has readings, in words: above the figures, in their rows, beside comparisons."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.core.languages import tr, trn
from portal.core.words import noted
from portal.ui import formats

NO_READINGS = noted("no readings")
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
    count = (
        tr(
            "Readings on {there} of {day}.",
            there=there,
            day=formats.counted(len(coverage.days), "{count} day", "{count} days"),
        )
        if empty
        else ""
    )
    which = [tr("None on {empty}", empty=_listed(empty))] if empty and there else []
    if missing:
        hours = tr(
            "{missing} of {meter_hour}",
            missing=formats.number(missing, 0),
            meter_hour=formats.counted(coverage.asked, "{count} meter-hour", "{count} meter-hours"),
        )
        which.append(
            trn("{hours} is missing on other days", "{hours} are missing on other days", missing, hours=hours)
            if empty
            else trn("{hours} is missing", "{hours} are missing", missing, hours=hours)
        )
    return CoverageWords(count, f"{'; '.join(which)}." if which else "")


def hours_note(day: DayCover) -> str:
    """What a day's row says of its hours: `335 of 336 h`; nothing where none is missing."""
    return (
        tr("{covered} of {asked} h", covered=day.covered, asked=day.asked)
        if 0 < day.covered < day.asked
        else ""
    )


def no_comparison(now: Coverage, before: Coverage) -> str:
    """Why days are not compared, in a few words; empty where both have all of their readings."""
    for coverage, which in ((now, tr("these days")), (before, tr("the days before"))):
        if coverage.is_whole or not coverage.days:
            continue
        empty = coverage.empty_days
        if not coverage.asked:
            return tr("no comparison: no readings before")
        if len(empty) == 1:
            return tr(
                "no comparison while {day} {empty} is missing",
                day=empty[0].day,
                empty=formats.month_name(empty[0]),
            )
        return tr("no comparison while readings of {which} are missing", which=which)
    return ""


def _listed(days: Sequence[date]) -> str:
    if len(days) > _NAMED_DAYS:
        return formats.counted(len(days), "{count} day", "{count} days")
    return tr(" and ").join(f"{day.day} {formats.month_name(day)}" for day in days)
