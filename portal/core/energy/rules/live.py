"""The energy of hours that wait to be brought up to date, computed with an answer instead of stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from portal.core.energy.rules.judging import Judgement
    from portal.core.energy.rules.judging.decisions import Era


class Amounts(NamedTuple):
    """What an hour of a meter holds, in milliwatt-hours, how many readings are suspect, and 1 if it is covered."""

    allocated_milliwh: int = 0
    estimated_milliwh: int = 0
    unallocated_milliwh: int = 0
    suspect_count: int = 0
    covered_hours: int = 0


NOTHING = Amounts()
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a time that has none."""


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


class LiveJudgement(NamedTuple):
    """A judgement that is not stored, and the eras of its meter."""

    judgement: Judgement
    eras: Sequence[Era]


class LiveHours:
    """Hours that were computed with an answer: what is added to stored sums makes them what they will be.

    `reaches` are the first and the last hour of each meter that may differ from what is stored, and `judged` what was
    judged anew of some of them; of the others the new readings go on with what is stored.
    """

    def __init__(
        self,
        hours: Iterable[LiveHour] = (),
        reaches: Mapping[tuple[UUID, ...], tuple[datetime, datetime]] | None = None,
        judged: Mapping[tuple[UUID, ...], LiveJudgement] | None = None,
    ) -> None:
        self._hours = {(each.key, each.hour): each for each in hours}
        self.reaches = dict(reaches or {})
        self._judged = dict(judged or {})

    def __bool__(self) -> bool:
        """Whether anything differs from what is stored."""
        return bool(self.reaches)

    def between(self, from_at: datetime, to_at: datetime) -> Iterator[LiveHour]:
        """Yield the hours that begin in `[from_at, to_at)`."""
        return (each for each in self._hours.values() if from_at <= each.hour < to_at)

    def find(self, key: tuple[UUID, ...], hour: datetime) -> LiveHour | None:
        """Return an hour of a meter, None where what is stored of it holds."""
        return self._hours.get((key, hour))

    def judgement_of(self, key: tuple[UUID, ...], hour: datetime) -> LiveJudgement | None:
        """Return what was judged anew of an hour of a meter; None where what is stored of it holds."""
        first, last = self.reaches.get(key, (FOR_EVER, FOR_EVER))
        return self._judged.get(key) if first <= hour <= last else None

    def replaced(self, hours: Iterable[LiveHour]) -> LiveHours:
        """Return the same with other hours in place of these: of their meters nothing was judged anew."""
        found = list(hours)
        replaced = LiveHours((*self._hours.values(), *found), self.reaches, self._judged)
        for each in found:
            replaced.reaches.setdefault(each.key, (FOR_EVER, each.hour))
        return replaced


ALL_STORED = LiveHours()
