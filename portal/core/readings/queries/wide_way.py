"""The way for what is stored, or read by small keys, in a week of a meter that may still lie wide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from portal.core.database.db import Database
from portal.core.readings.queries import wide_moves, wide_rows
from portal.core.values.time import floor_day, spanning, week_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from portal.core.database.layout import MeterKey
    from portal.core.stack import Stack

_NONE = datetime.min.replace(tzinfo=UTC)
# The latest instant at which a reading may lie wide, as this process has seen it. It never becomes later.
_until: WeakKeyDictionary[Database, datetime] = WeakKeyDictionary()


async def make_way(
    stack: Stack, times: Sequence[datetime], keyed: Callable[[], Iterable[tuple[MeterKey, datetime]]]
) -> None:
    """Move first what lies wide of the meters' days (key columns, instant) in which something is stored, or read.

    Of a meter's week, all from the first of these days to the last.

    `times` are instants that span these. To be called before the transaction that counts on it. What is newer than
    every wide reading, as nearly everything is, costs a comparison.
    """
    until = await _latest(stack)
    if until == _NONE or not times or min(spanning(times)) > until:
        return
    spans = list(_spans(keyed(), until))
    left = await wide_rows.units_of(stack.db, stack.layout, spans) if spans else []
    for unit in left:
        await move(stack, unit)
    if not left:
        _until.pop(stack.db, None)  # perhaps all of that time has been moved


def _spans(keyed: Iterable[tuple[MeterKey, datetime]], until: datetime) -> Iterator[wide_rows.MeterSpan]:
    days: dict[tuple[MeterKey, datetime], list[datetime]] = {}
    for key, at in keyed:
        if at <= until:
            first_and_last = days.setdefault((key, week_start(at)), [at, at])
            first_and_last[:] = min(first_and_last[0], at), max(first_and_last[1], at)
    for (key, _), (first, last) in days.items():
        yield wide_rows.MeterSpan(key, floor_day(first), floor_day(last) + timedelta(days=1))


async def _latest(stack: Stack) -> datetime:
    until = _until.get(stack.db)
    if until is None:
        until = _until[stack.db] = await wide_rows.latest(stack.db, stack.layout) or _NONE
    return until


async def is_any_left(stack: Stack) -> bool:
    """Tell whether a reading may lie wide; once none does this is known."""
    return await _latest(stack) != _NONE


async def move(stack: Stack, unit: wide_rows.Unit) -> int:
    """Make room for a unit, and move it; returns its readings."""
    await stack.storage.ensure_partitions(stack.db, (unit.start, unit.end - timedelta(hours=1)))
    return await wide_moves.move(stack.db, stack.layout, unit)


def forget(stack: Stack) -> None:
    """Look again where readings lie: the schema was migrated under this process, or the earlier table is gone."""
    _until.pop(stack.db, None)
