"""How the readings of one meter's register are judged, and where their judging has come to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from math import isfinite
from typing import Final, NamedTuple

from portal.core.energy.rules.judging import (
    DeclaredReadings,
    MeterDecision,
    RegisterFacts,
    width_of,
)
from portal.core.energy.rules.judging.decisions import Era, eras
from portal.core.energy.rules.judging.limits import Limits
from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH
from portal.core.values.money import MILLIWH_PER_KWH
from portal.core.values.time import epoch_microseconds

USUAL_WIDTH: Final = width_of(9, REGISTER_COUNT_MILLIWH)
"""What a register shows before it begins again, where nobody has said: that of an Acuvim II, nine digits of 0.1 kWh."""
_FINEST = 1
_AS_IT_IS = (1, 1)


class MeterHead(NamedTuple):
    """The last accepted reading of a register, None without any; firm where clean readings may simply be added."""

    last_at: datetime | None
    last_milliwh: int | None
    is_firm: bool


class Addable(NamedTuple):
    """By what readings behind a firm head are added: the bound in W, and the rise beside it that is no power at all."""

    watts: int
    slack_milliwh: int


@dataclass(frozen=True)
class MeterRules:
    """How a register's readings are judged.

    `max_gap` is the longest interval whose energy is allocated to its hours; `facts` hold from the beginning, and
    `decisions` (those in force) say what has changed since. Raises ValueError for a `max_gap` not above zero.
    """

    max_gap: timedelta
    facts: RegisterFacts
    decisions: tuple[MeterDecision, ...] = ()

    def __post_init__(self) -> None:
        if self.max_gap <= timedelta(0):
            msg = f"the longest gap must be above zero, not {self.max_gap}"
            raise ValueError(msg)

    @cached_property
    def eras(self) -> list[Era]:
        """The times between declared switches."""
        return eras(self.facts, self.decisions)

    def addable_after(self, head_at: datetime | None, first_at: datetime) -> Addable | None:
        """Return by what readings from `first_at` on may be added in the database; None where only the judge can say.

        `head_at` is the last accepted reading before them. That is so unless a person has said something about them.
        """
        head = None if head_at is None else epoch_microseconds(head_at)
        first = epoch_microseconds(first_at)
        era = self.eras[-1]
        if era.scale != _AS_IT_IS or any(_concerns(each, head, first) for each in self.decisions):
            return None
        limits = Limits(era.facts, era.facts.count_milliwh or _FINEST)
        return Addable(limits.watts, limits.slack_milliwh)

    def with_learned(self, watts: int | None, count_milliwh: int | None) -> "MeterRules":
        """Return the rules with what was learned from the readings."""
        facts = replace(self.facts, learned_watts=watts, count_milliwh=count_milliwh)
        return replace(self, facts=facts)


def _concerns(decision: MeterDecision, head: int | None, first: int) -> bool:
    if isinstance(decision, DeclaredReadings):
        return decision.to_at >= first
    return head is None or decision.at > head


def facts_of(
    max_power_kw: float | None,
    learned_watts: int | None = None,
    count_milliwh: int | None = None,
    width_milliwh: int | None = None,
    register_digits: int | None = None,
) -> RegisterFacts:
    """Return what is known of a register; a rated power (kW) that is no figure above zero is not known.

    `register_digits` are those of whole kWh, by which it is known where the register begins again.
    """
    if register_digits:
        width_milliwh = width_of(register_digits, MILLIWH_PER_KWH)
    rated = max_power_kw if max_power_kw is not None and isfinite(max_power_kw) else 0
    return RegisterFacts(
        rated_watts=max(1, round(1000 * rated)) if rated > 0 else None,
        learned_watts=learned_watts,
        count_milliwh=count_milliwh,
        width_milliwh=width_milliwh or USUAL_WIDTH,
    )
