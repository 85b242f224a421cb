"""Each rule of the meter fold, with figures worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.energy.rules.meter import MeterState, Piece, PieceKind, Rules, Step, fold, split_by_hour
from portal.core.energy.rules.registers import Reading, register_milliwh

KWH = 1_000_000
TWO_HOURS = timedelta(hours=2)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 5, 18, hour, minute, second, tzinfo=UTC)


def steps(*readings: tuple[datetime, float], rated_kw: float | None = None) -> list[Step]:
    rows = [Reading(when, register_milliwh(kwh)) for when, kwh in readings]
    return list(fold(MeterState(), rows, Rules(TWO_HOURS, rated_kw)))


def energy_kwh(found: list[Step]) -> float:
    return sum(piece.milliwh for step in found for piece in step.pieces) / KWH


def suspect_times(found: list[Step]) -> list[datetime]:
    return [reading.at for step in found for reading in step.suspects]


def test_the_first_reading_is_a_base_and_no_energy() -> None:
    (first,) = steps((at(8), 1994.0))
    assert first.pieces == ()
    assert first.state_after.base == Reading(at(8), 1994 * KWH)
    assert first.is_settled


def test_a_rise_is_the_difference() -> None:
    found = steps((at(8), 1994.0), (at(8, 40), 2000.0))
    assert found[1].pieces == (Piece(at(8), at(8, 40), 6 * KWH, PieceKind.ALLOCATED),)


def test_a_gap_begins_beyond_the_longest_gap_not_at_it() -> None:
    found = steps((at(8), 0.0), (at(10), 5.0), (at(12, 0, 1), 9.0))
    assert [piece.kind for step in found for piece in step.pieces] == [PieceKind.ALLOCATED, PieceKind.GAP]
    assert found[2].pieces[0].milliwh == 4 * KWH


def test_a_reset_counts_what_the_register_shows_now() -> None:
    # 4 kWh in an hour is possible at 10 kW.
    found = steps((at(8), 1000.0), (at(9), 4.0), (at(10), 6.0), rated_kw=10)
    assert [step.resets for step in found] == [0, 1, 0]
    assert energy_kwh(found) == 6.0
    assert suspect_times(found) == []


def test_a_fall_that_rated_power_cannot_explain_is_suspect_and_leaves_the_base() -> None:
    # 990 kWh in an hour is not possible at 10 kW; the register goes on from 1000 afterwards.
    found = steps((at(8), 1000.0), (at(9), 990.0), (at(10), 1003.0), rated_kw=10)
    assert not found[1].is_settled
    assert found[1].suspects == ()
    assert found[2].suspects == (Reading(at(9), 990 * KWH),)
    assert energy_kwh(found) == 3.0


def test_unknown_power_means_1000_kw_for_a_reset() -> None:
    assert steps((at(8), 5000.0), (at(9), 1000.0))[1].resets == 1
    assert steps((at(8), 5000.0), (at(9), 1000.2))[1].resets == 0


def test_unknown_power_means_100_000_kw_for_a_rise() -> None:
    assert energy_kwh(steps((at(8), 0.0), (at(9), 100_000.0))) == 100_000.0
    assert energy_kwh(steps((at(8), 0.0), (at(9), 100_000.2))) == 0.0


def test_one_register_count_is_allowed_on_top_of_rated_power() -> None:
    # 12 kW is 0.0033 kWh in a second, but the display may tick over by 0.1 in it.
    assert energy_kwh(steps((at(8), 5.0), (at(8, 0, 1), 5.1), rated_kw=12)) == pytest.approx(0.1)
    assert energy_kwh(steps((at(8), 5.0), (at(8, 0, 1), 5.2), rated_kw=12)) == 0.0


def test_a_single_spike_is_no_energy_and_loses_none() -> None:
    found = steps((at(8), 100.0), (at(8, 15), 90_000.0), (at(8, 30), 102.0), (at(8, 45), 103.0), rated_kw=50)
    assert energy_kwh(found) == 3.0
    assert suspect_times(found) == [at(8, 15)]


def test_three_that_agree_with_each_other_are_a_meter_exchange() -> None:
    found = steps(
        (at(8), 100.0),
        (at(8, 15), 7000.0),
        (at(8, 30), 7002.0),
        (at(8, 45), 7005.0),
        (at(9), 7006.0),
        rated_kw=50,
    )
    assert [step.exchanges for step in found] == [0, 0, 0, 1, 0]
    assert energy_kwh(found) == 2.0 + 3.0 + 1.0  # the step from 100 to 7000 is not energy
    assert suspect_times(found) == []
    assert found[3].state_after == MeterState(Reading(at(8, 45), 7005 * KWH))


def test_an_exchange_inside_a_long_silence_is_still_a_gap_between_its_readings() -> None:
    found = steps((at(0), 100.0), (at(1), 7000.0), (at(6), 7002.0), (at(7), 7005.0), rated_kw=50)
    assert [(piece.kind, piece.milliwh) for piece in found[3].pieces] == [
        (PieceKind.GAP, 2 * KWH),
        (PieceKind.ALLOCATED, 3 * KWH),
    ]


def test_a_candidate_that_disagrees_with_the_run_starts_a_new_one() -> None:
    found = steps(
        (at(8), 100.0),
        (at(8, 15), 7000.0),
        (at(8, 30), 9000.0),
        (at(8, 45), 9001.0),
        (at(9), 9002.0),
        rated_kw=50,
    )
    assert found[2].suspects == (Reading(at(8, 15), 7000 * KWH),)
    assert found[4].exchanges == 1
    assert energy_kwh(found) == 2.0


def test_a_reading_that_agrees_with_the_base_ends_the_run_although_two_had_agreed() -> None:
    found = steps((at(8), 100.0), (at(8, 15), 7000.0), (at(8, 30), 7001.0), (at(8, 45), 101.0), rated_kw=50)
    assert suspect_times(found) == [at(8, 15), at(8, 30)]
    assert energy_kwh(found) == 1.0


def test_a_negative_register_is_never_energy_base_or_reset() -> None:
    found = steps((at(8), 100.0), (at(8, 15), -5.0), (at(8, 30), -4.0), (at(8, 45), -3.0), (at(9), 101.0))
    assert energy_kwh(found) == 1.0
    assert suspect_times(found) == [at(8, 15), at(8, 30), at(8, 45)]
    assert sum(step.exchanges for step in found) == 0


def test_a_meter_that_starts_negative_waits_for_a_real_register() -> None:
    found = steps((at(8), -5.0), (at(9), 3.0), (at(10), 4.0))
    assert energy_kwh(found) == 1.0
    assert suspect_times(found) == [at(8)]


def test_readings_must_ascend_also_across_a_cut() -> None:
    with pytest.raises(ValueError, match="ascend"):
        steps((at(9), 1.0), (at(9), 2.0))
    with pytest.raises(ValueError, match="ascend"):
        list(fold(MeterState(Reading(at(9), 0)), [Reading(at(8), 1)], Rules(TWO_HOURS)))


@pytest.mark.parametrize("unknown", [None, 0, -3.0, float("nan"), float("inf")])
def test_a_rated_power_that_says_nothing_counts_as_unknown(unknown: float | None) -> None:
    assert Rules(TWO_HOURS, unknown).rise_watts == 100_000_000
    assert Rules(TWO_HOURS, unknown).reset_watts == 1_000_000


def test_a_gap_limit_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Rules(timedelta(0))


@pytest.mark.parametrize(
    ("kwh", "milliwh"),
    [
        (99_999_999.9, 99_999_999_900_000),
        (0.1, 100_000),
        (1994.0, 1_994_000_000),
        (0.000_000_5, 0),  # halves go to the even neighbour
        (0.000_001_5, 2),
        (float("inf"), 10**18),
    ],
)
def test_registers_become_integers(kwh: float, milliwh: int) -> None:
    assert register_milliwh(kwh) == milliwh


def test_every_count_of_the_meter_is_exact() -> None:
    for counts in (1, 3, 7, 123_456_789, 999_999_999):
        assert register_milliwh(counts / 10) == counts * 100_000


def test_a_register_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        register_milliwh(float("nan"))


def test_a_piece_is_split_in_proportion_to_time() -> None:
    # 20 minutes before the hour, 60 in it, 20 after: 1 : 3 : 1.
    piece = Piece(at(8, 40), at(10, 20), 5 * KWH, PieceKind.ALLOCATED)
    assert split_by_hour(piece) == [(at(8), KWH), (at(9), 3 * KWH), (at(10), KWH)]


def test_the_last_part_takes_the_remainder() -> None:
    piece = Piece(at(8, 40), at(9, 40), 2, PieceKind.ALLOCATED)
    assert split_by_hour(piece) == [(at(8), 0), (at(9), 2)]


def test_a_piece_that_ends_on_the_hour_lies_before_it() -> None:
    assert split_by_hour(Piece(at(8, 30), at(9), 7, PieceKind.ALLOCATED)) == [(at(8), 7)]
    assert split_by_hour(Piece(at(8), at(10), 8, PieceKind.ALLOCATED)) == [(at(8), 4), (at(9), 4)]


def test_state_survives_json() -> None:
    state = MeterState(Reading(at(8, 0, 3), 5), (Reading(at(9), 7), Reading(at(9, 30), 8)))
    assert state.to_json() == {
        "base": ["2026-05-18T08:00:03Z", 5],
        "candidates": [["2026-05-18T09:00:00Z", 7], ["2026-05-18T09:30:00Z", 8]],
    }
    assert MeterState.from_json(state.to_json()) == state
    assert MeterState.from_json(MeterState().to_json()) == MeterState() == MeterState.from_json(None)
