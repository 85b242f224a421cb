"""What holds for any readings whatever: order changes nothing, nothing is lost, late readings come to the same."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.energy.rules.judging import (
    DeclaredReadings,
    DeclaredSwitch,
    JudgedHour,
    Judgement,
    LinkKind,
    MeterDecision,
    RegisterFacts,
    RegisterReading,
    SwitchKind,
    is_firm,
    judge,
    judged_hours,
    learn,
    outline_of,
    proposals_of,
)
from portal.core.energy.rules.judging.limits import Limits
from portal.core.energy.rules.judging.runs import Runs
from portal.core.energy.rules.pieces import Piece, PieceKind, split_by_hour
from portal.core.values.time import epoch_microseconds, instant_of
from tests.length import usual_or_long
from tests.unit.energy.judging.histories import DAY, HOUR, KWH, MINUTE, NINE, TENTHS
from tests.unit.energy.judging.kept_meter import MAX_GAP, KeptMeter, accepted_in
from tests.unit.energy.judging.rates import POPULATIONS, facts_of, meter_of
from tests.unit.energy.judging.slow_meters import pieces_of, slow_meter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METERS = usual_or_long(40, 1_000)

# Anything at all: few instants, so that many readings share one, and values near each other and far away.
READINGS = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda step: NINE + step * 10 * MINUTE) | st.integers(NINE - 400 * DAY, NINE),
        st.integers(0, 40).map(lambda counts: 500 * KWH + counts * TENTHS)
        | st.sampled_from([0, -KWH, TENTHS, 10**14])
        | st.integers(0, 1_000 * KWH),
    ),
    max_size=60,
)
FACTS = st.sampled_from(
    [
        RegisterFacts(),
        RegisterFacts(rated_watts=5_000),
        RegisterFacts(rated_watts=200_000, width_milliwh=1_000 * KWH),
        RegisterFacts(learned_watts=100_000, count_milliwh=TENTHS),
    ]
)
BOXES = st.builds(
    lambda since, hours, least, are_true: DeclaredReadings(
        from_at=NINE + since * MINUTE,
        to_at=NINE + (since + 60 * hours) * MINUTE,
        least_milliwh=least,
        most_milliwh=least + 2 * KWH,
        are_true=are_true,
    ),
    st.integers(0, 2_000),
    st.integers(0, 20),
    st.sampled_from([0, 500 * KWH, 502 * KWH]),
    st.booleans(),
)
SWITCHES = st.builds(
    lambda minutes, kind, closing, scale: DeclaredSwitch(
        at=NINE + minutes * MINUTE, kind=kind, closing_milliwh=closing, scale=scale
    ),
    st.integers(-1_000, 2_500),
    st.sampled_from(SwitchKind),
    st.none() | st.integers(0, 1_000 * KWH),
    st.sampled_from([None, (2, 1), (3, 7)]),
)
DECISIONS = st.lists(BOXES | SWITCHES, max_size=4)


def _says(judgement: Judgement) -> tuple[object, ...]:
    return judgement.spans, judgement.links, judgement.suspects, judged_hours(judgement, MAX_GAP)


@given(READINGS, FACTS, DECISIONS, st.randoms(use_true_random=False))
@settings(max_examples=usual_or_long(150, 2_000), deadline=None)
def test_order_and_repeats_change_nothing(
    readings: list[RegisterReading], facts: RegisterFacts, decisions: list[MeterDecision], random: Random
) -> None:
    found = judge(readings, facts, decisions)
    mixed = [*readings, *random.sample(readings, len(readings) // 2)]
    random.shuffle(mixed)
    assert judge(mixed, facts, decisions) == found
    assert learn(mixed, facts) == learn(readings, facts)


@given(READINGS, FACTS, DECISIONS)
@settings(max_examples=usual_or_long(150, 2_000), deadline=None)
def test_every_reading_is_accepted_or_suspect_and_all_energy_is_in_an_hour(
    readings: list[RegisterReading], facts: RegisterFacts, decisions: list[MeterDecision]
) -> None:
    found = judge(readings, facts, decisions)
    covered = sorted(
        [i for span in found.spans for i in range(span.first, span.last + 1)]
        + [i for span in found.suspects for i in range(span.first, span.last + 1)]
    )
    assert covered == list(range(len(set(readings))))
    hours = judged_hours(found, MAX_GAP)
    assert sum(hour.allocated_milliwh + hour.unallocated_milliwh for hour in hours) == found.milliwh
    assert sum(hour.estimated_milliwh for hour in hours) == sum(hour.unallocated_milliwh for hour in hours)
    assert sum(hour.suspect_count for hour in hours) == found.suspect_count
    assert all(proposal.at <= proposal.until for proposal in proposals_of(found))


@given(READINGS, FACTS)
@settings(max_examples=usual_or_long(150, 2_000), deadline=None)
def test_energy_is_the_difference_of_the_register(
    readings: list[RegisterReading], facts: RegisterFacts
) -> None:
    """Between any two accepted readings; after a reset the rise before and the value after."""
    found = judge(readings, facts)
    accepted = [i for span in found.spans for i in range(span.first, span.last + 1)]
    assert all(found.times[i] < found.times[j] for i, j in pairwise(accepted))
    kinds = {link.after: link for link in found.links}
    for i, j in pairwise(accepted):
        rise = found.shown[j] - found.shown[i]
        link = kinds.get(j)
        if link is None or link.kind is LinkKind.RISE:
            assert rise >= 0
            assert link is None or link.milliwh == rise
        elif link.kind is LinkKind.RESET:
            assert (link.milliwh, rise < 0) == (found.shown[j], True)
        elif link.kind is LinkKind.ROLLOVER:
            assert link.milliwh == rise + (facts.width_milliwh or 0)
        else:
            assert link.milliwh == 0


@pytest.mark.parametrize("population", POPULATIONS)
def test_random_meters_conserve_and_know_no_order(population: str) -> None:
    for seed in range(METERS):
        meter = meter_of(population, seed)
        facts = facts_of(meter, is_power_known=seed % 2 == 0)
        found = judge(meter.readings, facts)
        shuffled = Random(seed).sample(meter.readings, len(meter.readings))
        assert judge([*shuffled, *shuffled[::7]], facts) == found
        hours = judged_hours(found, MAX_GAP)
        assert sum(hour.allocated_milliwh + hour.unallocated_milliwh for hour in hours) == found.milliwh


def test_what_is_mended_by_stretches_is_what_the_whole_is() -> None:
    """Late pieces in any order, each judged again with a stretch around it: readings, hours and outline."""
    for seed in range(METERS):
        meter, facts = slow_meter(seed)
        kept = KeptMeter(facts)
        for piece in pieces_of(Random(seed), meter.readings):
            kept.arrive(piece)
        whole = judge(meter.readings, facts)
        assert kept.accepted == accepted_in(whole), seed
        assert kept.hours == {hour.hour: hour for hour in judged_hours(whole, MAX_GAP)}, seed
        outline = outline_of(whole)
        assert [anchor.at for anchor in kept.outline.anchors] == [anchor.at for anchor in outline.anchors], (
            seed
        )
        assert kept.outline.rivals == outline.rivals, seed


def test_clean_readings_are_added_to_a_firm_end() -> None:
    """What comes in order and rises within the limits needs no judging, and changes nothing that was."""
    added = 0
    for seed in range(2 * METERS):
        random, (meter, facts) = Random(seed), slow_meter(seed)
        begin = random.randrange(15, len(meter.readings) - 1)
        before = judge(meter.readings[:begin], facts)
        end = begin
        while end < len(meter.readings) and _is_one_run(meter.readings[begin - 1 : end + 1], facts):
            end += 1
        if not is_firm(before) or end == begin:
            continue
        new = meter.readings[begin : random.randrange(begin, end) + 1]
        after = judge([*meter.readings[:begin], *new], facts)
        assert accepted_in(after) == accepted_in(before) | set(new), seed
        assert (after.links, after.suspects) == (before.links, before.suspects), seed
        added += 1
    assert added > METERS


def _is_one_run(readings: list[RegisterReading], facts: RegisterFacts) -> bool:
    limits = Limits(facts, facts.count_milliwh or 1)
    return len(Runs([at for at, _ in readings], [shown for _, shown in readings], limits)) == 1


def test_an_end_is_firm_after_eight_readings() -> None:
    facts = RegisterFacts(rated_watts=20_000)
    rising = [(NINE + n * 15 * MINUTE, 500 * KWH + n * KWH) for n in range(12)]
    assert [is_firm(judge(rising[:n], facts)) for n in (0, 1, 7, 8, 12)] == [False, False, False, True, True]
    assert not is_firm(judge([*rising, (rising[-1][0] + MINUTE, 0)], facts))


def test_a_late_reading_has_a_few_days_judged_again() -> None:
    """Three months of quarters of an hour, and one that comes late in the middle."""
    step, count = 15 * MINUTE, 90 * 96
    readings = [(NINE + n * step, 500 * KWH + n * TENTHS) for n in range(count)]
    late = readings[count // 2]
    kept = KeptMeter(RegisterFacts(rated_watts=20_000, count_milliwh=TENTHS))
    kept.arrive(reading for reading in readings if reading != late)
    before = kept.looked_at
    kept.arrive([late])
    assert kept.looked_at - before <= 6 * 96
    assert len(kept.accepted) == count


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 60, 900, 3_599, 3_600, 7_200, 7_201, 90_000]), st.integers(0, 10**7)),
        min_size=1,
        max_size=60,
    )
)
def test_a_rising_register_has_the_hours_it_always_had(steps: list[tuple[int, int]]) -> None:
    """Where nothing is to be judged each difference is split at the hour, unless it is longer than is guessed over."""
    at, shown, readings = NINE, 100 * KWH, []
    for seconds, milliwh in steps:
        at, shown = at + seconds * 1_000_000, shown + milliwh
        readings.append((at, shown))
    expected: dict[int, list[int]] = {}
    for (since, before), (until, after) in pairwise(readings):
        is_gap = until - since > MAX_GAP
        for hour, part in _split(since, until, after - before):
            expected.setdefault(hour, [0, 0, 0])[2 if is_gap else 0] += part
        if is_gap:
            expected.setdefault(until // HOUR * HOUR, [0, 0, 0])[1] += after - before
    found = judged_hours(judge(readings, RegisterFacts(rated_watts=10**9)), MAX_GAP)
    assert {hour.hour: list(_energy(hour)) for hour in found if any(_energy(hour))} == {
        hour: parts for hour, parts in expected.items() if any(parts)
    }


def _split(since: int, until: int, milliwh: int) -> list[tuple[int, int]]:
    piece = Piece(instant_of(since), instant_of(until), milliwh, PieceKind.ALLOCATED)
    return [(epoch_microseconds(hour), part) for hour, part in split_by_hour(piece)]


def _energy(hour: JudgedHour) -> tuple[int, int, int]:
    return hour.allocated_milliwh, hour.unallocated_milliwh, hour.estimated_milliwh
