"""Customers, or the sites of one, ranked by their energy, beside the time before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class RankLine:
    """What a customer or a site used, and before it in as long a time; in milliwatt-hours."""

    id: UUID
    name: str
    code: str
    milliwh: int
    before_milliwh: int

    @property
    def change(self) -> float | None:
        """By which share it is more (less: below zero) than before; None where there was nothing."""
        return self.milliwh / self.before_milliwh - 1 if self.before_milliwh else None


def ranked(
    names: Mapping[UUID, tuple[str, str]], now: Iterable[tuple[UUID, int]], before: Iterable[tuple[UUID, int]]
) -> tuple[RankLine, ...]:
    """Return a line for each name (and code), the one first that used most; what is nobody's is left out."""
    sums: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for index, energy in enumerate((now, before)):
        for each, milliwh in energy:
            sums[each][index] += milliwh
    lines = [RankLine(each, name, code, *sums[each]) for each, (name, code) in names.items()]
    return tuple(sorted(lines, key=lambda line: (-line.milliwh, line.name.lower(), line.code)))
