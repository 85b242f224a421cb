"""Rows of one file that carry the same time: only one of them can be stored."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from portal.core.readings.rules.reading_files import ParsedRow, RefusedRow, RowOutcome
from portal.core.readings.rules.readings import MeasuredRow


def one_row_per_time(outcomes: Iterable[RowOutcome]) -> Iterator[RowOutcome]:
    """Yield outcomes with rows of one time put together; one that says another value than the first is refused.

    Several values for one time are most often a time of day that was not read, so they are never dropped in silence.
    """
    first: dict[datetime, ParsedRow] = {}
    for outcome in outcomes:
        if not isinstance(outcome, ParsedRow):
            yield outcome
            continue
        known = first.setdefault(outcome.row.at, outcome)
        if known is outcome:
            continue
        both = _together(known.row, outcome.row)
        if both is None:
            reason = f"another value for the time of line {known.line}: is the time of day in another column?"
            yield RefusedRow(outcome.line, reason, "two values for one time")
        else:
            first[both.at] = ParsedRow(known.line, both)
    yield from first.values()


def _together(one: MeasuredRow, other: MeasuredRow) -> MeasuredRow | None:
    """Return a row with the values of both, None where they differ in one."""
    new = other.measured
    if any(getattr(one, name) not in (None, value) for name, value in new.items()):
        return None
    return replace(one, **new)
