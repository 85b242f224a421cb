"""What is stored of several rows for one instant of one meter: the rule that every way of storing must come to.

Quantity by quantity the greatest value is the reading's. Every other distinct value is a conflict, and is kept beside
it. So what is stored follows from the set of values that came, whatever their order, their batches and repeats: a rule
that chose between whole rows would not, since rows also complete each other.

This is the plain form of it, for whatever stores readings by set to be held against.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class RowEffect(StrEnum):
    """What one row was to what is stored; the member's value is its count in an answer."""

    ACCEPTED = "accepted"
    """The first of its instant."""
    DUPLICATE = "duplicates"
    """Nothing in it was new."""
    COMPLETED = "completed"
    """It had a quantity that the reading lacked, and no other value for one that it had."""
    CONFLICT = "conflicts"
    """It had another value, not seen before, for a quantity that the reading had; it may complete others as well."""


@dataclass(frozen=True, slots=True)
class MergedReading:
    """What is stored for one instant of one meter, as integers by quantity."""

    values: Mapping[str, int]
    conflicts: frozenset[tuple[str, int]] = frozenset()

    def joined_by(self, row: Mapping[str, int]) -> "tuple[MergedReading, RowEffect]":
        """Return what is stored once another row for the instant has come, and what that row was."""
        added = {name: value for name, value in row.items() if name not in self.values}
        differing = {
            (name, value) for name, value in row.items() if value != self.values.get(name, value)
        } - self.conflicts
        if not added and not differing:
            return self, RowEffect.DUPLICATE
        greatest = {**self.values, **added}
        for name, value in differing:
            greatest[name] = max(greatest[name], value)
        lesser = {(name, min(self.values[name], value)) for name, value in differing}
        outcome = RowEffect.CONFLICT if differing else RowEffect.COMPLETED
        return MergedReading(greatest, self.conflicts | lesser), outcome


@dataclass(slots=True)
class ReadingsByInstant(Generic[KeyT]):
    """Readings by meter and instant, with the counts of the rows that made them.

    The counts of one outcome each add up to the rows taken. Which row is a duplicate, completes or conflicts depends on
    what came before it; `ACCEPTED` is always the number of instants.
    """

    readings: dict[KeyT, MergedReading] = field(default_factory=dict[KeyT, MergedReading])
    counts: dict[RowEffect, int] = field(default_factory=lambda: dict.fromkeys(RowEffect, 0))

    def take(self, rows: Iterable[tuple[KeyT, Mapping[str, int | None]]]) -> None:
        """Add rows, each with its key and its stored integers by quantity; None is "not measured"."""
        for key, row in rows:
            present = {name: value for name, value in row.items() if value is not None}
            there = self.readings.get(key)
            if there is None:
                self.readings[key], outcome = MergedReading(present), RowEffect.ACCEPTED
            else:
                self.readings[key], outcome = there.joined_by(present)
            self.counts[outcome] += 1


def merged_source(sources: Iterable[str | None]) -> str | None:
    """Return the `source` of a reading whose rows named these: the greatest text by its code points (collation "C").

    It is no quantity: another source is neither a completion nor a conflict.
    """
    return max((source for source in sources if source is not None), default=None)
