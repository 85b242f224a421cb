"""What changed in days that were over: kept as changes, by hour, so that an answer can be given as it stood.

A day is closed when the next one is over as well (UTC): until then readings are still on their way, and nobody calls it
a restatement.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

_HOURS: Final = 24


class EnergyOfHour(NamedTuple):
    """The energy of an hour in milliwatt-hours: billed, in gaps that end in it, and its share of gaps."""

    allocated_milliwh: int = 0
    unallocated_milliwh: int = 0
    estimated_milliwh: int = 0


class ChangedEnergy(NamedTuple):
    """An hour (UTC) of a meter as it was and as it is now."""

    key: tuple[UUID, ...]
    hour: datetime
    was: EnergyOfHour
    now: EnergyOfHour


class DayChange(NamedTuple):
    """By how much the 24 hours of a UTC day of a meter have more energy than before; None where none differs."""

    key: tuple[UUID, ...]
    day: date
    allocated: Sequence[int] | None
    unallocated: Sequence[int] | None
    estimated: Sequence[int] | None


def first_open_day(now: datetime) -> date:
    """Return the first UTC day that is not closed yet."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def day_changes(changed: Iterable[ChangedEnergy], now: datetime) -> list[DayChange]:
    """Return what of the changes is a restatement: those in days that are closed at `now`, ascending."""
    opens = first_open_day(now)
    days: dict[tuple[tuple[UUID, ...], date], list[list[int]]] = {}
    for each in changed:
        at = each.hour.astimezone(UTC)
        if at.date() >= opens or each.was == each.now:
            continue
        parts = days.setdefault((each.key, at.date()), [[0] * _HOURS for _ in EnergyOfHour._fields])
        for part, was, is_now in zip(parts, each.was, each.now, strict=True):
            part[at.hour] += is_now - was
    return [
        DayChange(key, day, *(part if any(part) else None for part in parts))
        for (key, day), parts in sorted(days.items(), key=lambda item: (str(item[0][0]), item[0][1]))
    ]


def hours_before(
    present: Mapping[datetime, EnergyOfHour], changes: Iterable[DayChange]
) -> dict[datetime, EnergyOfHour]:
    """Return hours of one meter as they were before changes: those that differ, of the present ones."""
    found: dict[datetime, list[int]] = {}
    for each in changes:
        midnight = datetime(each.day.year, each.day.month, each.day.day, tzinfo=UTC)
        for part, deltas in enumerate((each.allocated, each.unallocated, each.estimated)):
            for n, delta in enumerate(deltas or ()):
                if delta:
                    hour = midnight + timedelta(hours=n)
                    found.setdefault(hour, [0, 0, 0])[part] += delta
    nothing = EnergyOfHour()
    return {
        hour: EnergyOfHour(
            *(now - delta for now, delta in zip(present.get(hour, nothing), deltas, strict=True))
        )
        for hour, deltas in found.items()
        if any(deltas)
    }
