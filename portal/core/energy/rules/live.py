"""The energy of hours that wait to be brought up to date, computed with an answer instead of stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from uuid import UUID


class Amounts(NamedTuple):
    """What an hour of a meter holds, in milliwatt-hours, and the readings in it that are not believed."""

    allocated_milliwh: int = 0
    estimated_milliwh: int = 0
    unallocated_milliwh: int = 0
    suspect_count: int = 0


NOTHING = Amounts()


class LiveHour(NamedTuple):
    """An hour of a meter (its key columns) as it is stored, and as the rule says that it is now."""

    key: tuple[UUID, ...]
    hour: datetime
    stored: Amounts
    now: Amounts

    @property
    def change(self) -> Amounts:
        """What has to be added to the stored hour, each part of it less than zero where that fell."""
        return Amounts(*(now - stored for now, stored in zip(self.now, self.stored, strict=True)))


class LiveHours:
    """Hours that were computed with an answer: what is added to stored sums makes them what they will be.

    `reaches` are the first and the last hour of each meter that may differ from what is stored.
    """

    def __init__(
        self,
        hours: Iterable[LiveHour] = (),
        reaches: Mapping[tuple[UUID, ...], tuple[datetime, datetime]] | None = None,
    ) -> None:
        self._hours = {(each.key, each.hour): each for each in hours}
        self.reaches = dict(reaches or {})

    def __bool__(self) -> bool:
        """Whether anything differs from what is stored."""
        return bool(self.reaches)

    def between(self, from_at: datetime, to_at: datetime) -> Iterator[LiveHour]:
        """Yield the hours that begin in `[from_at, to_at)`."""
        return (each for each in self._hours.values() if from_at <= each.hour < to_at)

    def find(self, key: tuple[UUID, ...], hour: datetime) -> LiveHour | None:
        """Return an hour of a meter, None where what is stored of it holds."""
        return self._hours.get((key, hour))

    def settled_before(self, key: tuple[UUID, ...], hour: datetime) -> datetime:
        """Return before which hour the stored state of a meter holds, as seen from an hour."""
        return min(self.reaches[key][0], hour) if key in self.reaches else hour


ALL_STORED = LiveHours()
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a time that has none."""
