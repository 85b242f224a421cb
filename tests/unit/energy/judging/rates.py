"""How often the judge is right about meters at random: what is measured, and how."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from portal.core.energy.rules.judging import (
    Judgement,
    ProposalKind,
    RegisterFacts,
    judge,
    learn,
    proposals_of,
)
from tests.unit.energy.judging.random_meters import MUST_BE_SEEN, TRUE, RandomMeter, random_meter

SWAP = "swap"
MOST_FAULTS = 6
POPULATIONS = ("clean", "faults", "switches", "crowded")
"""Each with the one before: up to six faults; resets, exchanges and rollovers; faults upon faults."""


def meter_of(population: str, seed: int) -> RandomMeter:
    random = Random(f"{population}{seed}")
    faults = 0 if population == "clean" else random.randrange(1, MOST_FAULTS + 1)
    return random_meter(
        random, faults=faults, switches=population in {"switches", "crowded"}, crowded=population == "crowded"
    )


def facts_of(meter: RandomMeter, *, is_power_known: bool) -> RegisterFacts:
    rated = meter.rated_watts if is_power_known else None
    return learn(meter.readings, RegisterFacts(rated_watts=rated, width_milliwh=meter.width))


def suspects(judgement: Judgement) -> set[tuple[int, int]]:
    return {
        (judgement.times[i], judgement.shown[i])
        for span in judgement.suspects
        for i in range(span.first, span.last + 1)
    }


@dataclass
class Rates:
    """Meters and rows, counted."""

    meters: int = 0
    right: int = 0
    wrong_unsaid: list[str] = field(default_factory=list)
    true_rows: int = 0
    true_rows_flagged: int = 0
    faulty: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)

    def measure(self, population: str, seed: int, *, is_power_known: bool) -> None:
        meter = meter_of(population, seed)
        judgement = judge(meter.readings, facts_of(meter, is_power_known=is_power_known))
        is_right = abs(judgement.milliwh - meter.true_energy) <= meter.tolerance
        self.meters += 1
        self.right += is_right
        if not is_right and all(each.kind is ProposalKind.NO_REGISTER for each in proposals_of(judgement)):
            self.wrong_unsaid.append(f"{population} {seed}")
        self._count_rows(meter, suspects(judgement))

    def _count_rows(self, meter: RandomMeter, flagged: set[tuple[int, int]]) -> None:
        for row in meter.rows:
            is_flagged = (row.at, row.shown) in flagged
            if row.fault == TRUE:
                self.true_rows += 1
                self.true_rows_flagged += is_flagged
            elif row.fault != SWAP:
                self.faulty[row.fault] += 1
                self.flagged[row.fault] += is_flagged
        # Of two values in each other's minutes one has to go, and it does not matter which.
        for one, other in pairwise(meter.rows):
            if one.fault == other.fault == SWAP:
                self.faulty[SWAP] += 1
                self.flagged[SWAP] += (one.at, one.shown) in flagged or (other.at, other.shown) in flagged

    @property
    def right_percent(self) -> float:
        return 100 * self.right / self.meters

    @property
    def true_rows_flagged_percent(self) -> float:
        return 100 * self.true_rows_flagged / self.true_rows

    @property
    def seen_percent(self) -> dict[str, float]:
        return {kind: 100 * self.flagged[kind] / self.faulty[kind] for kind in sorted(MUST_BE_SEEN)}
