"""Local windows of time as whole UTC days, of which sums are stored, and the hours beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EnergyWindow:
    """A window `[from_at, to_at)` for the sites of a zone (None: those without a municipality)."""

    zone: str | None
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class WindowParts:
    """A window as whole UTC days, and the hours at its begin and at its end that these lack or have too much.

    Each is half-open, and may be empty: its end is its begin then. `head_sign` and `tail_sign` are 1 where the hours
    are added, -1 where they are taken away from the days.
    """

    zone: str | None
    head_from: datetime
    head_to: datetime
    head_sign: int
    first_day: date
    end_day: date
    tail_from: datetime
    tail_to: datetime
    tail_sign: int


def parts_of(window: EnergyWindow) -> WindowParts:
    """Return a window in whole hours: where a zone's clock is half an hour beside UTC's, from the first whole one.

    Whichever are fewer are looked up: the hours that a day at an end has within the window, or those beside it.
    """
    from_at, to_at = _ceil_hour(window.from_at), _ceil_hour(window.to_at)
    first, head = _nearest_day(from_at)
    end, tail = _nearest_day(to_at)
    if first >= end:  # no day to begin with: all of it is hours
        none = _ceil_day(from_at).date()
        return WindowParts(window.zone, from_at, to_at, 1, none, none, to_at, to_at, 1)
    return WindowParts(
        window.zone,
        *_hours_between(from_at, first),
        head,
        first.date(),
        end.date(),
        *_hours_between(end, to_at),
        -tail,
    )


def _nearest_day(at: datetime) -> tuple[datetime, int]:
    """Return the UTC midnight that is nearest to an instant, and 1 where it lies behind it, -1 where before."""
    floor = _floor_day(at)
    return (floor, -1) if at - floor < _DAY / 2 else (_ceil_day(at), 1)


def _hours_between(one: datetime, other: datetime) -> tuple[datetime, datetime]:
    return min(one, other), max(one, other)


def bounds(parts: Sequence[WindowParts]) -> dict[str, object]:
    """Return the least and the greatest of each part over all windows: nothing outside has to be looked at."""
    return {
        "least_head": min(each.head_from for each in parts),
        "most_head": max(each.head_to for each in parts),
        "least_day": min(each.first_day for each in parts),
        "most_day": max(each.end_day for each in parts),
        "least_tail": min(each.tail_from for each in parts),
        "most_tail": max(each.tail_to for each in parts),
    }


def _floor_day(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _ceil_day(at: datetime) -> datetime:
    floor = _floor_day(at)
    return floor if floor == at else floor + _DAY


def _ceil_hour(at: datetime) -> datetime:
    floor = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return floor if floor == at else floor + _HOUR
