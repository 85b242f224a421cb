"""What is known of a register beside its readings: power, resolution, width, and what is learned where nobody says."""

from random import Random

import pytest

from portal.core.energy.rules.judging import (
    ProposalKind,
    RegisterFacts,
    RegisterReading,
    learn,
    learned_bounds,
    learned_proposals,
    width_of,
)
from portal.core.energy.rules.judging.resolution import count_of
from tests.unit.energy.judging.histories import HOUR, KWH, NINE, TENTHS, every


def _hourly(*kw: float) -> list[RegisterReading]:
    shown, found = 500 * KWH, [(NINE, 500 * KWH)]
    for n, power in enumerate(kw, 1):
        shown += round(power * KWH)
        found.append((NINE + n * HOUR, shown))
    return found


def _learned(readings: list[RegisterReading]) -> int | None:
    return learn(readings, RegisterFacts()).learned_watts


# The learned bound.


def test_nothing_is_learned_before_48_hours_have_energy() -> None:
    assert _learned(_hourly(*[5] * 47)) is None
    assert _learned(_hourly(*[0] * 200, *[5] * 47)) is None
    assert _learned(_hourly(*[5] * 48)) == 100_000


@pytest.mark.parametrize(
    ("kw", "rung"),
    [(0.2, 100), (12, 100), (13, 300), (37, 300), (38, 1_000), (400, 1_000), (501, 3_000), (4_000, 10_000)],
)
def test_a_bound_is_eight_times_an_hours_load_up_to_the_next_rung(kw: float, rung: int) -> None:
    """Above 1,000 kW twice the load suffices."""
    assert _learned(_hourly(*[kw] * 60)) == rung * 1_000


def test_the_greatest_hours_teach_nothing() -> None:
    """One in twenty, and three: they may be glitches."""
    usual = [5.0] * 100
    assert _learned(_hourly(*usual, *[500] * 8)) == 100_000
    assert _learned(_hourly(*usual, *[500] * 9)) == 1_000_000


def test_a_bound_never_falls_and_each_rung_is_said_with_its_moment() -> None:
    bounds = learned_bounds(*zip(*_hourly(*[5] * 60, *[40] * 60, *[1] * 500), strict=True))
    assert [bound.watts for bound in bounds] == [100_000, 1_000_000]
    assert bounds[0].at == NINE + 48 * HOUR
    assert [proposal.kind for proposal in learned_proposals(bounds)] == [ProposalKind.LEARNED_BOUND] * 2
    assert learned_proposals(bounds)[1].watts == 1_000_000


def test_a_home_with_a_charger_once_a_week_is_on_one_rung() -> None:
    """11 kW for three hours a week, 300 W else: nothing it takes is impossible, at any time of its first year."""
    week = [0.3] * 165 + [11.3] * 3
    readings = _hourly(*week * 20)
    assert {_learned(readings[:hours]) for hours in range(60, len(readings), 24)} == {100_000}


def test_a_silence_teaches_nothing() -> None:
    readings = [(NINE + n * 3 * HOUR, 500 * KWH + n * 90 * KWH) for n in range(100)]
    assert _learned(readings) is None


def test_rated_power_is_not_learned() -> None:
    facts = RegisterFacts(rated_watts=5_000)
    assert learn(_hourly(*[5] * 60), facts) == facts


@pytest.mark.parametrize("name", ["rated_watts", "learned_watts", "count_milliwh", "width_milliwh"])
def test_what_is_known_is_above_zero(name: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        RegisterFacts(**{name: 0})


# The resolution, and the width.


@pytest.mark.parametrize("count", [1, 5, 1_000, 20_000, 100_000, 1_000_000])
def test_the_resolution_is_read_from_the_values(count: int) -> None:
    random = Random(count)
    assert count_of([random.randrange(10**7) * count for _ in range(300)]) == count


def test_a_kilowatt_hour_is_the_coarsest() -> None:
    assert count_of([n * 50 * KWH for n in range(40)]) == KWH


def test_values_of_no_register_do_not_make_it_finer() -> None:
    """A slow register has few values, and a spike among them is of another kind."""
    assert count_of([1_592 * KWH + n * TENTHS for n in range(9)] * 50 + [1_602_467_500]) == TENTHS


def test_nothing_says_nothing() -> None:
    assert count_of([]) == count_of([0, 0]) == KWH


def test_a_slow_register_ticks_without_being_doubted() -> None:
    readings = every(1, *([1592.1] * 60), *([1592.2] * 60), *([1592.3] * 60), 1602.4675)
    assert learn(readings, RegisterFacts()).count_milliwh is None
    assert count_of([shown for _, shown in readings]) == TENTHS


def test_nine_digits_of_tenths_are_a_hundred_million_kilowatt_hours() -> None:
    assert width_of(9, TENTHS) == 100_000_000 * KWH
    with pytest.raises(ValueError, match="digit"):
        width_of(0, TENTHS)
    with pytest.raises(ValueError, match="count"):
        width_of(9, 0)
