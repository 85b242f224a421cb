"""Random meters over weeks, and their readings in pieces that come in any order."""

from dataclasses import replace
from itertools import pairwise
from random import Random

from portal.core.energy.rules.judging import RegisterFacts, RegisterReading
from tests.unit.energy.judging.random_meters import RandomMeter, random_meter
from tests.unit.energy.judging.rates import facts_of


def slow_meter(seed: int) -> tuple[RandomMeter, RegisterFacts]:
    """Return a random meter whose readings lie weeks apart, and what is known of it."""
    random = Random(f"slow {seed}")
    meter = random_meter(random, faults=random.randrange(7), switches=True, crowded=seed % 3 == 0, slow=True)
    facts = facts_of(meter, is_power_known=seed % 2 == 0)
    return meter, replace(facts, count_milliwh=meter.count)


def pieces_of(random: Random, readings: list[RegisterReading]) -> list[list[RegisterReading]]:
    """Cut readings into pieces that come in any order, or all in order but one."""
    edges = sorted(random.sample(range(1, len(readings)), random.randrange(2, 12)))
    pieces = [readings[a:z] for a, z in pairwise([0, *edges, len(readings)])]
    if random.random() < 0.7:
        random.shuffle(pieces)
    else:
        pieces.append(pieces.pop(random.randrange(len(pieces))))
    return pieces
