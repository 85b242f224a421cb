"""Billing-grade energy by the hour: worked figures, and the laws that hold for any readings whatever."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.energy.rules.hours import (
    HourEnergy,
    MeterState,
    Rules,
    first_changed_hour,
    fold,
    hourly_energy,
)
from portal.core.energy.rules.registers import Reading, register_milliwh
from tests.unit.energy import reference_energy as reference

KWH = 1_000_000
TWO_HOURS = timedelta(hours=2)
MONDAY = datetime(2026, 5, 18, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute)


def hours_of(*readings: tuple[datetime, float], rated_kw: float | None = None) -> dict[datetime, HourEnergy]:
    rows = [Reading(when, register_milliwh(kwh)) for when, kwh in readings]
    return dict(hourly_energy(MeterState(), rows, Rules(TWO_HOURS, rated_kw)).hours)


WORKED_EXAMPLE = (
    (at(8), 1994.0),
    (at(8, 40), 2000.0),
    (at(10), 2000.0),
    (at(10, 20), 2020.0),
    (at(10, 40), 2050.0),
)


def test_the_worked_example_is_56_kwh() -> None:
    hours = hours_of(*WORKED_EXAMPLE)
    assert {hour: energy.allocated_milliwh for hour, energy in hours.items()} == {
        at(8): 6 * KWH,
        at(9): 0,
        at(10): 50 * KWH,
    }
    assert sum(energy.unallocated_milliwh for energy in hours.values()) == 0


def test_energy_over_an_hour_boundary_is_split_by_time() -> None:
    hours = hours_of((at(8, 45), 0.0), (at(9, 15), 3.0))
    assert [energy.allocated_milliwh for energy in hours.values()] == [1_500_000, 1_500_000]
    assert hours[at(8)].state is not None


def test_an_hour_without_readings_has_its_share() -> None:
    hours = hours_of((at(8, 30), 0.0), (at(10, 30), 4.0))
    assert [hours[at(hour)].allocated_milliwh for hour in (8, 9, 10)] == [KWH, 2 * KWH, KWH]
    assert hours[at(9)].state is None


def test_a_gap_is_reported_where_it_ends_and_estimated_where_it_lies() -> None:
    hours = hours_of((at(8), 0.0), (at(12), 8.0))
    assert hours[at(12)].unallocated_milliwh == 8 * KWH
    assert hours[at(12)].estimated_milliwh == 0  # the gap ends on the hour: none of it lies in hour 12
    assert [hours[at(hour)].estimated_milliwh for hour in range(8, 12)] == [2 * KWH] * 4
    assert sum(energy.allocated_milliwh for energy in hours.values()) == 0


def test_suspects_count_in_their_own_hour_also_while_undecided() -> None:
    decided = hours_of((at(8), 100.0), (at(9), 90_000.0), (at(10), 101.0), rated_kw=10)
    pending = hours_of((at(8), 100.0), (at(9), 90_000.0), rated_kw=10)
    assert decided[at(9)].suspect_count == pending[at(9)].suspect_count == 1
    assert decided[at(10)].suspect_count == 0


def test_exchanges_and_resets_count_in_the_hour_they_are_found() -> None:
    hours = hours_of(
        (at(8), 100.0), (at(9), 1.0), (at(10), 700.0), (at(11), 701.0), (at(12), 702.0), rated_kw=10
    )
    assert (hours[at(9)].reset_count, hours[at(12)].exchange_count) == (1, 1)
    assert sum(energy.suspect_count for energy in hours.values()) == 0


def test_no_readings_are_no_hours() -> None:
    folded = hourly_energy(MeterState(), [], Rules(TWO_HOURS))
    assert (dict(folded.hours), folded.end_state) == ({}, MeterState())
    assert first_changed_hour(MeterState()) is None


# --- laws -----------------------------------------------------------------------------------------------------------

# Mostly a meter that rises, disturbed the way real loggers disturb it.
_MOVES = st.one_of(
    st.integers(0, 3_000_000),
    st.integers(0, 3_000_000),
    st.integers(0, 3_000_000),
    st.just(0),
    st.integers(-3_000_000, 200_000_000),
)


@st.composite
def meters(draw: st.DrawFn) -> list[tuple[datetime, int]]:
    count = draw(st.integers(0, 30))
    minutes = draw(st.lists(st.integers(1, 200), min_size=count, max_size=count))
    when, register = MONDAY + timedelta(seconds=draw(st.integers(0, 3599))), draw(st.integers(0, 10**9))
    readings: list[tuple[datetime, int]] = []
    for gap in minutes:
        when += timedelta(minutes=gap, microseconds=draw(st.integers(0, 3)))
        kind = draw(st.integers(0, 11))
        if kind == 0:  # a reset
            register = draw(st.integers(0, 2_000_000))
        elif kind == 1:  # a stray value that the meter does not go on from
            readings.append((when, draw(st.one_of(st.integers(-10, -1), st.integers(0, 10**10)))))
            continue
        elif kind == 2:  # another meter
            register = draw(st.integers(0, 10**12))
        else:
            register = max(0, register + draw(_MOVES))
        readings.append((when, register))
    return readings


RATED = st.one_of(st.none(), st.just(1.5), st.just(40.0))


def fold_all(readings: list[tuple[datetime, int]], rated_kw: float | None) -> list:
    return list(fold(MeterState(), [Reading(*row) for row in readings], Rules(TWO_HOURS, rated_kw)))


@given(meters(), RATED)
@settings(max_examples=300, deadline=None)
def test_the_product_agrees_with_the_plain_reference(readings: list, rated_kw: float | None) -> None:
    expected = reference.judge(readings, rated_kw)
    found = fold_all(readings, rated_kw)
    index = {row[0]: i for i, row in enumerate(readings)}
    steps = {(index[p.start_at], index[p.end_at]): p.milliwh for step in found for p in step.pieces}
    suspects = {index[reading.at] for step in found for reading in step.suspects}
    pending = {index[reading.at] for reading in found[-1].state_after.candidates} if found else set()
    assert steps == expected.steps
    assert suspects | pending == expected.suspects
    assert {index[step.reading.at] for step in found if step.resets} == expected.resets
    assert {index[step.reading.at] for step in found if step.exchanges} == expected.exchanges


@given(meters(), RATED)
@settings(max_examples=150, deadline=None)
def test_hours_agree_with_the_plain_reference(readings: list, rated_kw: float | None) -> None:
    expected = reference.by_hour(readings, rated_kw, TWO_HOURS)
    hours = hourly_energy(MeterState(), [Reading(*row) for row in readings], Rules(TWO_HOURS, rated_kw)).hours
    for name in ("allocated", "unallocated", "estimated"):
        for hour in set(hours) | set(expected[name]):
            found = getattr(hours[hour], f"{name}_milliwh") if hour in hours else 0
            # Each piece may leave less than one unit per hour it crosses to its last part.
            assert abs(found - expected[name].get(hour, 0)) <= 4 + len(readings)


@given(meters(), RATED)
@settings(max_examples=200, deadline=None)
def test_energy_is_conserved_and_never_negative(readings: list, rated_kw: float | None) -> None:
    hours = hourly_energy(MeterState(), [Reading(*row) for row in readings], Rules(TWO_HOURS, rated_kw)).hours
    answer = reference.judge(readings, rated_kw)
    billed = sum(hour.allocated_milliwh + hour.unallocated_milliwh for hour in hours.values())
    estimated = sum(hour.allocated_milliwh + hour.estimated_milliwh for hour in hours.values())
    # From accepted reading to accepted reading the register differences telescope; a reset adds what stood before it;
    # an exchange leaves out its own step.
    register = {i: readings[i][1] for i in answer.accepted}
    summed = 0
    for before, after in pairwise(answer.accepted):
        if after in answer.resets:
            summed += register[after]
        elif (before, after) in answer.steps:
            summed += register[after] - register[before]
    assert billed == estimated == summed
    for hour in hours.values():
        assert min(hour.allocated_milliwh, hour.unallocated_milliwh, hour.estimated_milliwh) >= 0


@given(meters(), RATED)
@settings(max_examples=150, deadline=None)
def test_suspects_bring_no_energy(readings: list, rated_kw: float | None) -> None:
    """Taking out the readings that came out suspect leaves the energy as it was."""
    rules = Rules(TWO_HOURS, rated_kw)
    suspects = reference.judge(readings, rated_kw).suspects
    kept = [Reading(*row) for i, row in enumerate(readings) if i not in suspects]
    with_them = hourly_energy(MeterState(), [Reading(*row) for row in readings], rules).hours
    without = hourly_energy(MeterState(), kept, rules).hours
    assert sum(h.suspect_count for h in with_them.values()) == len(suspects)
    assert _energies(with_them) == _energies(without)


def _energies(hours: Mapping[datetime, HourEnergy]) -> dict[datetime, tuple[int, int, int]]:
    figures = {h: (e.allocated_milliwh, e.unallocated_milliwh, e.estimated_milliwh) for h, e in hours.items()}
    return {hour: energies for hour, energies in figures.items() if any(energies)}


@given(meters(), RATED, st.lists(st.integers(0, 30), max_size=5))
@settings(max_examples=200, deadline=None)
def test_the_fold_may_be_cut_anywhere(readings: list, rated_kw: float | None, cuts: list[int]) -> None:
    rules = Rules(TWO_HOURS, rated_kw)
    whole = fold_all(readings, rated_kw)
    state, pieced = MeterState(), []
    edges = [0, *sorted(min(cut, len(readings)) for cut in cuts), len(readings)]
    for first, last in pairwise(edges):
        part = list(fold(state, [Reading(*row) for row in readings[first:last]], rules))
        pieced += part
        state = part[-1].state_after if part else state
        state = MeterState.from_json(json.loads(json.dumps(state.to_json())))
    assert pieced == whole


@given(meters(), RATED, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_recomputing_late_readings_by_the_documented_recipe_gives_the_whole_answer(
    readings: list, rated_kw: float | None, chance: random.Random
) -> None:
    """Readings arrive late and in any batches; the stored hours end as if all had been there from the start."""
    rules = Rules(TWO_HOURS, rated_kw)
    arriving = readings[:]
    chance.shuffle(arriving)
    known: list[Reading] = []
    stored: dict[datetime, HourEnergy] = {}
    while arriving:
        size = chance.randint(1, 6)
        batch, arriving = [Reading(*row) for row in arriving[:size]], arriving[size:]
        known = sorted(known + batch)
        stored = _recomputed(stored, known, _hour(min(batch).at), rules)
    whole = hourly_energy(MeterState(), [Reading(*row) for row in readings], rules).hours
    assert stored == dict(whole)


def _hour(when: datetime) -> datetime:
    return when.replace(minute=0, second=0, microsecond=0)


def _state_before(stored: dict[datetime, HourEnergy], hour: datetime) -> MeterState:
    earlier = [
        energy.state for when, energy in sorted(stored.items()) if when < hour and energy.state is not None
    ]
    return earlier[-1] if earlier else MeterState()


def _recomputed(
    stored: dict[datetime, HourEnergy], known: list[Reading], dirty: datetime, rules: Rules
) -> dict[datetime, HourEnergy]:
    first = first_changed_hour(_state_before(stored, dirty))
    if first is None:
        return dict(hourly_energy(MeterState(), known, rules).hours)
    state = _state_before(stored, first)
    folded = hourly_energy(state, [reading for reading in known if reading.at >= first], rules).hours
    kept = {hour: energy for hour, energy in stored.items() if hour < first}
    return kept | {hour: energy for hour, energy in folded.items() if hour >= first}


@given(meters(), RATED, st.integers(0, 120))
@settings(max_examples=100, deadline=None)
def test_energy_is_additive_over_adjoining_windows(readings: list, rated_kw: float | None, edge: int) -> None:
    """Whatever hour a window is cut at, its two parts hold the energy of the whole, and nothing twice."""
    hours = hourly_energy(MeterState(), [Reading(*row) for row in readings], Rules(TWO_HOURS, rated_kw)).hours
    cut = MONDAY + timedelta(hours=edge)
    before = sum(energy.allocated_milliwh for hour, energy in hours.items() if hour < cut)
    after = sum(energy.allocated_milliwh for hour, energy in hours.items() if hour >= cut)
    pieces = [piece for step in fold_all(readings, rated_kw) for piece in step.pieces]
    straddling = [piece for piece in pieces if piece.start_at < cut < piece.end_at]
    assert len(straddling) <= 1
    assert before + after == sum(p.milliwh for p in pieces if p.kind == "allocated")


def test_the_order_of_the_hours_is_the_order_of_time() -> None:
    hours = hours_of((at(8), 0.0), (at(13), 8.0), (at(14, 30), 9.0))
    assert list(hours) == sorted(hours)


@pytest.mark.parametrize("minutes", [1, 15, 20, 30])
def test_fifteen_minute_readings_lose_nothing(minutes: int) -> None:
    """The flaw of max - min per hour, a quarter lost at 15 minutes, must not come back."""
    readings = [
        Reading(at(0, step * minutes), step * minutes * 20_000) for step in range(24 * 60 // minutes + 1)
    ]
    hours = hourly_energy(MeterState(), readings, Rules(TWO_HOURS)).hours
    assert [hours[at(hour)].allocated_milliwh for hour in range(24)] == [1_200_000] * 24
