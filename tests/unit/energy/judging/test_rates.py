"""Meters at random with faults at random: nearly all keep their true energy, and none is wrong unsaid."""

import pytest

from tests.length import usual_or_long
from tests.unit.energy.judging.rates import POPULATIONS, Rates

METERS = usual_or_long(60, 1_500)  # of each population
LEAST_RIGHT = {True: 97, False: 92}
LEAST_SEEN = 99
MOST_TRUE_FLAGGED = 1


@pytest.mark.parametrize("is_power_known", [True, False])
def test_meters_keep_their_true_energy(*, is_power_known: bool) -> None:
    rates = Rates()
    for population in POPULATIONS:
        for seed in range(METERS):
            rates.measure(population, seed, is_power_known=is_power_known)
    assert rates.wrong_unsaid == []
    assert rates.right_percent >= LEAST_RIGHT[is_power_known]
    assert rates.true_rows_flagged_percent <= MOST_TRUE_FLAGGED
    assert min(rates.seen_percent.values()) >= LEAST_SEEN, rates.seen_percent


@pytest.mark.parametrize("is_power_known", [True, False])
def test_faults_upon_faults_are_no_worse(*, is_power_known: bool) -> None:
    rates = Rates()
    for seed in range(METERS, 4 * METERS):
        rates.measure("crowded", seed, is_power_known=is_power_known)
    assert rates.wrong_unsaid == []
    assert rates.right_percent >= LEAST_RIGHT[is_power_known]


def test_a_clean_meter_is_never_doubted() -> None:
    rates = Rates()
    for seed in range(METERS):
        rates.measure("clean", seed, is_power_known=True)
    assert rates.right_percent == 100
    assert rates.true_rows_flagged == 0
