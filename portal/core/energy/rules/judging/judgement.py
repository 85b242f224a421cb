"""What became of a register's readings: which are accepted, which suspect and why, and what lies between them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from portal.core.energy.rules.judging.decisions import SwitchKind
from portal.core.energy.rules.judging.states import AcceptedSpan, LinkKind


class SuspectReason(StrEnum):
    """Why a reading is not believed."""

    DECIDED = "decided"
    """A person said so."""
    NEGATIVE = "negative"
    """No register shows less than zero."""
    NOISE = "noise"
    """It is of a day on which the register goes up and down so often that nothing can be said."""
    CONFLICT = "conflict"
    """Another value of the same instant is accepted."""
    ZERO = "zero"
    """The register shows zero for a while."""
    WOBBLE = "wobble"
    """It is a little below what was shown before."""
    FALL = "fall"
    """It is far below what was shown before, and after."""
    SPIKE = "spike"
    """A later fall undoes it."""
    TOO_FAST = "tooFast"
    """No power of this meter can have been so great."""
    STOOD_STILL = "stoodStill"
    """It repeats a value that the register had left by then, as its next rise says."""
    NO_HISTORY = "noHistory"
    """Nothing that was accepted comes before it."""


class SuspectSpan(NamedTuple):
    """Readings `first` to `last`, neighbours, that are suspect for one reason."""

    first: int
    last: int
    reason: SuspectReason


class Link(NamedTuple):
    """What lies between accepted readings `before` and `after` that do not follow each other in one span.

    `kind` is that of the judge, or of the person who declared it. `milliwh` is the energy. What was declared happened
    at `switched_at`, and `milliwh_before` of the energy lies before it.
    """

    before: int
    after: int
    kind: LinkKind | SwitchKind
    milliwh: int
    switched_at: int | None = None
    milliwh_before: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """A register's readings, ascending by (time, value) and each once, and what the judge says of them.

    `times` are microseconds since 1970 (UTC), `shown` what the register showed, `registers` the same in primary energy,
    all in milliwatt-hours. Readings are named by their index. `links[n]` lies between `spans[n]` and `spans[n + 1]`.
    `watts` is the bound each era was judged by and `counts` its resolution.
    """

    times: Sequence[int]
    shown: Sequence[int]
    registers: Sequence[int]
    spans: list[AcceptedSpan] = field(default_factory=list[AcceptedSpan])
    links: list[Link] = field(default_factory=list[Link])
    suspects: list[SuspectSpan] = field(default_factory=list[SuspectSpan])
    watts: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def milliwh(self) -> int:
        """All energy between accepted readings."""
        within = sum(self.registers[span.last] - self.registers[span.first] for span in self.spans)
        return within + sum(link.milliwh for link in self.links)

    @property
    def suspect_count(self) -> int:
        """How many readings are suspect."""
        return sum(span.last - span.first + 1 for span in self.suspects)

    def is_accepted(self, i: int) -> bool:
        """Tell whether a reading is accepted."""
        n = bisect_right(self.spans, i, key=lambda span: span.first) - 1
        return n >= 0 and i <= self.spans[n].last
