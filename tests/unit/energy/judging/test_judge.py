"""Each rule of the judge by itself, with figures worked out by hand."""

import pytest

from tests.unit.energy.judging.histories import (
    DAY,
    HOUR,
    KWH,
    MINUTE,
    at,
    energy,
    events,
    every,
    judged,
    mwh,
    reasons,
    suspect,
)

# What is plausible.


def test_a_history_that_rises_is_all_energy() -> None:
    found = judged(every(15, 100, 101, 103, 103, 110))
    assert (energy(found), suspect(found), events(found)) == (10, [], [])


def test_no_readings_no_energy() -> None:
    found = judged([])
    assert (energy(found), suspect(found)) == (0, [])


def test_a_rise_may_be_a_quarter_above_rated_power_and_two_counts() -> None:
    # 100 kW x 1.25 x 0.25 h = 31.25 kWh, and 0.2.
    assert suspect(judged(every(15, 100, 101, 132.4, 133, 134, 135))) == []
    assert suspect(judged(every(15, 100, 101, 132.6, 133.0, 102, 103, 104))) == [132.6, 133.0]


def test_unknown_power_is_a_thousand_kilowatt() -> None:
    assert events(judged(every(60, 99, 100, 101, 1101, 1102, 1103), kw=None)) == []
    assert events(judged(every(60, 99, 100, 101, 1102, 1103, 1104), kw=None)) == ["exchange"]


def test_a_learned_bound_stands_in_for_rated_power() -> None:
    readings = every(60, 99, 100, 101, 402, 403, 404)
    assert events(judged(readings, kw=None, learned_watts=300_000)) == ["exchange"]
    assert events(judged(readings, kw=None, learned_watts=1_000_000)) == []
    assert events(judged(readings, kw=400, learned_watts=100_000)) == []  # the rated power is known


# Wobbles.


def test_a_small_fall_is_a_wobble_until_the_register_is_at_the_base_again() -> None:
    found = judged(every(15, 20, 20.1, 20.0, 20.0, 20.2, 20.4))
    assert (energy(found), suspect(found), reasons(found)) == (0.4, [20.0, 20.0], ["wobble"])


def test_a_register_that_is_lower_for_more_than_a_day_is_another() -> None:
    lower = every(60, *(95 + n / 10 for n in range(48)), since=45)
    found = judged([*every(15, 100, 100.5, 101), *lower], kw=5)
    assert events(found) == ["exchange"]
    assert energy(found) == pytest.approx(1 + 4.7)
    assert suspect(found) == []


def test_a_register_that_is_lower_for_half_a_day_has_wobbled() -> None:
    lower = [100.9] * 11
    found = judged([*every(15, 100, 100.5, 101), *every(60, *lower, 101.5, 102, 102.5, since=45)], kw=5)
    assert (energy(found), suspect(found)) == (2.5, lower)


def test_what_climbs_by_itself_is_believed_and_the_few_above_it_are_not() -> None:
    """Two rows stamped some hours back say nothing against the hundred that follow."""
    climbing = [100 + n / 10 for n in range(60)]
    readings = [*every(1, *climbing), (at(20.5), mwh(104.5)), (at(20.6), mwh(104.6))]
    assert suspect(judged(readings, kw=400)) == [104.5, 104.6]


# Spikes, glitches and the old line.


def test_a_spike_that_a_fall_undoes_is_suspect_and_not_what_follows() -> None:
    found = judged(every(15, 50000, 50001, 50002, 50203, 50004, 50005, 50006, 50007), kw=None)
    assert (energy(found), suspect(found), reasons(found)) == (7, [50203], ["spike"])


def test_zeros_are_one_glitch_however_long_and_the_difference_is_energy() -> None:
    found = judged(every(15, 100, 101, 102, *[0] * 30, 110, 111, 112), kw=20)
    assert (energy(found), suspect(found), events(found)) == (12, [0] * 30, ["glitch"])
    assert reasons(found) == ["zero"]


@pytest.mark.parametrize("every_other", [2, 3, 5])
def test_zeros_again_and_again_are_no_line(every_other: int) -> None:
    """Also where they are more than the true readings: those rise, zeros say nothing."""
    shown = [0 if n % every_other else 397 + n / 10 for n in range(80)]
    found = judged(every(5, *shown), kw=None)
    assert set(suspect(found)) == {0}
    assert energy(found) == pytest.approx(max(shown) - 397)


def test_a_plateau_within_the_bound_is_a_glitch() -> None:
    """Up by what 1,000 kW may give, four readings of it, and down to where the line goes on."""
    readings = every(15, *range(500, 540), 640, 641, 642, 643, *range(544, 564))
    found = judged(readings, kw=None)
    assert (energy(found), suspect(found), events(found)) == (63, [640, 641, 642, 643], ["glitch"])


def test_a_register_set_back_to_what_it_kept_has_risen_by_itself() -> None:
    found = judged(every(15, *range(500, 540), *range(420, 460)), kw=20)
    assert (energy(found), suspect(found), events(found)) == (78, [], ["exchange"])


def test_another_register_for_a_while_is_a_glitch() -> None:
    found = judged(every(15, *range(100, 112), *[7000, 7001, 7002, 7003], *range(116, 124)), kw=20)
    assert (energy(found), events(found)) == (23, ["glitch"])
    assert suspect(found) == [7000, 7001, 7002, 7003]


def test_an_old_line_of_two_readings_does_not_come_back() -> None:
    found = judged(every(15, 100, 101, *range(7000, 7012), 114, 115, 116), kw=20)
    assert (suspect(found), events(found)) == ([100, 101], ["glitch", "exchange"])


def test_the_old_line_comes_back_within_35_days_and_not_after() -> None:
    old, strange = every(60, *range(100, 112)), every(60, *range(300, 312), since=12 * 60)
    for days, expected in ((30, ["glitch"]), (36, ["exchange", "exchange"])):
        back = every(60, *range(140, 160), since=24 * 60 * days)
        assert events(judged([*old, *strange, *back], kw=20)) == expected


def test_a_run_that_the_old_line_may_have_risen_to_is_no_glitch() -> None:
    found = judged(every(15, *range(100, 112), *range(115, 135), 119, 120), kw=20)
    assert suspect(found) == [119, 120]


def test_readings_that_rise_between_others_are_not_leapt_over() -> None:
    """Nothing but the rate speaks against them: an exchange is proposed, nobody is called a liar."""
    found = judged(every(15, 100, 101, 102, 300, 301, 302, 500, 501, 502), kw=20)
    assert events(found) == ["exchange", "exchange"]
    assert (energy(found), suspect(found)) == (6, [])


# A register that stood still.


def test_a_register_that_caught_up_keeps_its_energy() -> None:
    # 60 kWh in a quarter of an hour is not possible at 100 kW, in two hours it is.
    found = judged(every(15, 100, 101, 102, *[102] * 7, 162, 163, 164))
    assert (energy(found), reasons(found)) == (64, ["stoodStill"])
    assert suspect(found) == [102] * 7


def test_nothing_is_known_to_have_stood_still_without_a_bound() -> None:
    found = judged(every(15, 100, 101, 102, *[102] * 7, 500, 501, 502), kw=None)
    assert events(found) == ["exchange"]


def test_a_register_stands_still_for_a_day_at_most() -> None:
    longer = [102] * 3 * 24 * 4
    found = judged(every(15, 100, 101, 102, *longer, 102 + 5000, 5103, 5104))
    assert events(found) == ["exchange"]


# New lines.


def test_one_rise_confirms_a_reset() -> None:
    found = judged(every(5, 12.1, 12.3, 0.0, 0.2), kw=20)
    assert (energy(found), events(found)) == (pytest.approx(0.4), ["reset"])


def test_a_register_that_stays_at_zero_confirms_nothing() -> None:
    found = judged(every(5, 12.1, 12.3, 0.0, 0.0, 0.0, 0.0), kw=20)
    assert (energy(found), events(found)) == (pytest.approx(0.2), ["glitch"])


def test_a_reset_counts_what_the_register_shows() -> None:
    found = judged(every(60, 1000, 1010, 7, 15), kw=20)
    assert (energy(found), events(found)) == (25, ["reset"])


def test_a_fall_to_what_cannot_have_been_used_is_no_reset() -> None:
    found = judged(every(60, 990, 1000, 1010, 60, 65, 70), kw=20)
    assert (energy(found), events(found)) == (30, ["exchange"])


@pytest.mark.parametrize(("readings", "expected"), [(2, []), (3, ["exchange"]), (4, ["exchange"])])
def test_three_readings_confirm_an_exchange(readings: int, expected: list[str]) -> None:
    new = [70_000 + n for n in range(readings)]
    found = judged(every(15, 50_000, 50_001, 50_002, *new), kw=None)
    assert [kind for kind in events(found) if kind == "exchange"] == expected
    assert energy(found) == 2 + (readings - 1 if expected else 0)


def test_an_exchange_is_seen_down_as_well() -> None:
    found = judged(every(15, 50_000, 50_001, 50_002, 3_000, 3_001, 3_002, 3_003))
    assert (energy(found), events(found), suspect(found)) == (5, ["exchange"], [])


def test_a_register_of_known_width_rolls_over() -> None:
    readings = every(15, 99_999_990, 99_999_994, 99_999_998, 2, 6, 10)
    found = judged(readings, width_milliwh=10**14)
    assert (energy(found), events(found)) == (20, ["rollover"])
    assert (energy(judged(readings)), events(judged(readings))) == (18, ["reset"])


# Long silences, conflicts, what cannot be judged.


@pytest.mark.parametrize(("readings", "expected"), [(1, 1), (2, 2), (3, 0)])
def test_a_few_readings_of_another_year_are_a_wrong_clock(readings: int, expected: int) -> None:
    years = [(at(n) - 400 * DAY, mwh(80 + n)) for n in range(readings)]
    found = judged([*years, *every(15, 100, 101, 102)])
    assert len(suspect(found)) == expected
    assert events(found) == (["clockJump"] if expected else [])


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
@pytest.mark.parametrize("times", [3, 4, 12])
def test_a_meter_that_is_read_by_the_quarter_keeps_its_energy(at_a_time: int, times: int) -> None:
    readings = [
        (at(0) + n * 91 * DAY + i * HOUR, mwh(5000 + 100 * n)) for n in range(times) for i in range(at_a_time)
    ]
    found = judged(readings)
    assert (energy(found), suspect(found), events(found)) == (100 * (times - 1), [], [])
    board = [(readings[-1][0] + 40 * DAY + n * HOUR, mwh(6500 + n)) for n in range(20)]
    found = judged([*readings, *board])
    assert (energy(found), suspect(found)) == (1519, [])


def test_a_meter_that_was_off_for_long_goes_on_at_once() -> None:
    found = judged([*every(15, 100, 101, 102), (at(60) + 60 * DAY, mwh(102.5))])
    assert (energy(found), suspect(found)) == (2.5, [])


def test_of_two_values_for_an_instant_that_is_accepted_which_fits() -> None:
    for other in (90.0, 101.5, 130.0):
        found = judged([*every(15, 100, 101, 102, 103), (at(15), mwh(other))])
        assert energy(found) == 3
        assert (reasons(found), events(found)) == (["conflict"], ["conflict"])


def test_no_register_shows_less_than_zero() -> None:
    found = judged(every(15, 1, -5, -4, -3, 2))
    assert (energy(found), suspect(found), reasons(found)) == (1, [-5, -4, -3], ["negative"])


def test_a_day_of_nothing_but_noise_is_named_and_the_others_are_judged() -> None:
    quiet = every(15, *(100 + n for n in range(40)))
    noise = [(at(0) + DAY + n * MINUTE // 2, mwh(500 if n % 2 else 130)) for n in range(1_100)]
    after = [(at(0) + 4 * DAY + n * 15 * MINUTE, mwh(140 + n)) for n in range(40)]
    found = judged([*quiet, *noise, *after])
    assert "noise" in events(found)
    assert energy(found) == 79
    assert len(suspect(found)) >= 800  # of the noisy days


def test_the_bound_and_the_resolution_are_said() -> None:
    found = judged(every(15, 100, 101))
    assert (found.watts, found.counts) == ((125_000,), (100_000,))


def test_accepted_readings_are_told_from_suspect_ones() -> None:
    found = judged(every(15, 100, 101, 0, 102, 103))
    assert [found.is_accepted(i) for i in range(5)] == [True, True, False, True, True]
    assert found.suspect_count == 1


def test_instants_are_exact() -> None:
    """A microsecond is enough for two readings to follow each other."""
    found = judged([(at(0), mwh(5)), (at(0) + 1, mwh(5.1)), (at(0) + HOUR, 6 * KWH)], kw=12)
    assert (energy(found), suspect(found)) == (1, [])
