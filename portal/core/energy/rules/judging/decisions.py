"""What a person has decided about a register: data, beside the readings, which are never edited.

A decision says one thing about an instant or about some readings. It is undone by another decision. What a page offers
(confirm, correct, reject) comes to these:

- an exchange, a reset or a rollover is confirmed or corrected: a `DeclaredSwitch` of its kind at its time;
- it is rejected, and the register only went on: a `DeclaredSwitch` that continues; it was a glitch: `DeclaredReadings`
  that are not true, from its first reading on;
- a glitch is confirmed: `DeclaredReadings` that are not true; rejected: that are;
- another CT ratio or another device from a day on: a `DeclaredSwitch` with what holds from then on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from portal.core.energy.rules.judging.limits import RegisterFacts, Scale


class SwitchKind(StrEnum):
    """What happened to the register at a declared instant."""

    EXCHANGE = "exchange"
    """Another register follows: what lies between the two is energy as far as closing and opening register say so."""
    RESET = "reset"
    """The register began again at zero."""
    ROLLOVER = "rollover"
    """The register was full and began again at zero."""
    CONTINUES = "continues"
    """The register went on, however unlikely that is: the difference is energy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSwitch:
    """From `at` on (microseconds since 1970, UTC) a meter's readings are those of another register, or of another era.

    `closing_milliwh` is what the old register showed then, `opening_milliwh` what the new one showed; None: not known.
    `facts` are those of the register from then on, None: as before. `scale` is what a reading is multiplied by from
    then on to be primary energy, as a numerator and a denominator: the CT ratio that the meter does not know of; None:
    as before. No line of readings reaches over the instant. `old_at` and `old_milliwh` are the last reading of the old
    line and `new_milliwh` the first of the new one, at `at`, as they were known to whoever decided; None: `at` is the
    time itself. Raises ValueError for a scale that is not above zero.
    """

    at: int
    kind: SwitchKind
    closing_milliwh: int | None = None
    opening_milliwh: int | None = None
    facts: RegisterFacts | None = None
    scale: Scale | None = None
    old_at: int | None = None
    old_milliwh: int | None = None
    new_milliwh: int | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and min(self.scale) <= 0:
            msg = f"readings are multiplied by a figure above zero, not {self.scale[0]}/{self.scale[1]}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredReadings:
    """Readings of which a person says that they are true, or that they are not.

    They are all those stamped `from_at` to `to_at` (microseconds since 1970, UTC) that show `least_milliwh` to
    `most_milliwh`, each end included. The values matter: what a board refills later, from the meter's own log, is
    stamped the same and shows something else.
    """

    from_at: int
    to_at: int
    least_milliwh: int
    most_milliwh: int
    are_true: bool

    def cover(self, at: int, shown: int) -> bool:
        """Tell whether a reading is one of them."""
        return self.from_at <= at <= self.to_at and self.least_milliwh <= shown <= self.most_milliwh


MeterDecision = DeclaredSwitch | DeclaredReadings
IdT = TypeVar("IdT")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision(Generic[IdT]):
    """A decision as it is kept: `decided_at` orders them. One that says nothing itself undoes another."""

    id: IdT
    decided_at: int
    says: MeterDecision | None = None
    undoes: IdT | None = None


def in_force(recorded: Iterable[RecordedDecision[IdT]]) -> list[MeterDecision]:
    """Return the decisions that hold, the earliest first: of two that differ the later holds.

    What was undone does not hold; where the undoing was undone, it does again.
    """
    undone: set[IdT] = set()
    holding: list[MeterDecision] = []
    for each in sorted(recorded, key=lambda one: (one.decided_at, str(one.id)), reverse=True):
        if each.id in undone:
            continue
        if each.undoes is not None:
            undone.add(each.undoes)
        if each.says is not None:
            holding.append(each.says)
    return holding[::-1]


class Era(NamedTuple):
    """A time in which one register is judged: from a declared switch (None: from the beginning) to the next."""

    begins: DeclaredSwitch | None
    until: int | None
    facts: RegisterFacts
    scale: Scale


def eras(facts: RegisterFacts, decisions: Sequence[MeterDecision]) -> list[Era]:
    """Return the eras of a meter, ascending; `facts` hold from the beginning.

    Of two switches at an instant the later decision holds.
    """
    switches = {each.at: each for each in decisions if isinstance(each, DeclaredSwitch)}
    found: list[Era] = []
    scale, begins = (1, 1), None
    for at in sorted(switches):
        found.append(Era(begins, at, facts, scale))
        begins = switches[at]
        facts, scale = begins.facts or facts, begins.scale or scale
    return [*found, Era(begins, None, facts, scale)]
