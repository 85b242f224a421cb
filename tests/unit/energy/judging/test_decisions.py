"""What a person decides about a register, with figures worked out by hand."""

import pytest

from portal.core.energy.rules.judging import (
    DeclaredReadings,
    DeclaredSwitch,
    RecordedDecision,
    RegisterFacts,
    RegisterReading,
    SwitchKind,
    in_force,
    judge,
    judged_hours,
)
from tests.unit.energy.judging.histories import (
    DAY,
    HOUR,
    KWH,
    TENTHS,
    at,
    energy,
    events,
    every,
    judged,
    mwh,
    rated,
    reasons,
    suspect,
)

UP = every(15, 500, 501, 502, 7000, 7001, 7002, 7003)


def box(readings: list[RegisterReading], *, are_true: bool) -> DeclaredReadings:
    times, shown = zip(*readings, strict=True)
    return DeclaredReadings(
        from_at=min(times),
        to_at=max(times),
        least_milliwh=min(shown),
        most_milliwh=max(shown),
        are_true=are_true,
    )


def switch(
    minutes: float, kind: SwitchKind, *, closing: float | None = None, opening: float | None = None
) -> DeclaredSwitch:
    return DeclaredSwitch(
        at=at(minutes),
        kind=kind,
        closing_milliwh=None if closing is None else mwh(closing),
        opening_milliwh=None if opening is None else mwh(opening),
    )


# Switches.


def test_a_confirmed_exchange_is_an_event_no_more_and_its_step_no_energy() -> None:
    found = judged(UP, decisions=[switch(40, SwitchKind.EXCHANGE)])
    assert (energy(found), events(found), suspect(found)) == (5, [], [])


def test_closing_and_opening_register_say_what_lies_beside_an_exchange() -> None:
    found = judged(UP, decisions=[switch(40, SwitchKind.EXCHANGE, closing=503.5, opening=6999)])
    assert energy(found) == 5 + 1.5 + 1
    [link] = found.links
    assert (link.milliwh_before, link.switched_at) == (1.5 * KWH, at(40))


def test_what_would_be_less_than_no_energy_is_none() -> None:
    found = judged(UP, decisions=[switch(40, SwitchKind.EXCHANGE, closing=400, opening=8000)])
    assert energy(found) == 5


def test_a_rejected_exchange_was_energy() -> None:
    found = judged(UP, decisions=[switch(40, SwitchKind.CONTINUES)])
    assert (energy(found), events(found)) == (6503, [])


def test_a_confirmed_reset_counts_what_is_shown_and_what_was_used_before_it() -> None:
    readings = every(60, 1000, 1010, 300, 310)
    assert energy(judged(readings, decisions=[switch(61, SwitchKind.RESET)])) == 320
    assert energy(judged(readings, decisions=[switch(61, SwitchKind.RESET, closing=1012)])) == 322


def test_a_confirmed_rollover_goes_by_the_width_or_by_what_was_shown_last() -> None:
    readings = every(15, 9_996, 9_998, 2, 4)
    width = 10_000 * KWH
    assert energy(judged(readings, width_milliwh=width, decisions=[switch(20, SwitchKind.ROLLOVER)])) == 8
    assert energy(judged(readings, decisions=[switch(20, SwitchKind.ROLLOVER, closing=10_000)])) == 8


def test_a_meter_keeps_its_history_through_three_devices() -> None:
    readings = every(60, 100, 110, 5, 15, 700, 710)
    exchanges = [
        switch(90, SwitchKind.EXCHANGE, closing=112, opening=0),
        switch(210, SwitchKind.EXCHANGE, closing=20, opening=698),
    ]
    found = judged(readings, decisions=exchanges)
    assert energy(found) == (12 + 5) + (10 + 5) + (2 + 10)
    assert suspect(found) == []


def test_a_device_that_was_never_read_has_the_energy_it_was_said_to_have() -> None:
    readings = [*every(60, 100, 110), *every(60, 700, 710, since=240)]
    exchanges = [
        switch(90, SwitchKind.EXCHANGE, closing=112, opening=0),
        switch(210, SwitchKind.EXCHANGE, closing=20, opening=698),
    ]
    assert energy(judged(readings, decisions=exchanges)) == (10 + 2) + 20 + (2 + 10)


def test_no_line_comes_back_over_a_declared_switch() -> None:
    old, other = every(15, *range(500, 512)), every(15, *range(7000, 7012), since=180)
    back = every(15, *range(524, 536), since=360)
    assert events(judged([*old, *other, *back], kw=20)) == ["glitch"]
    both = [switch(175, SwitchKind.EXCHANGE), switch(355, SwitchKind.EXCHANGE)]
    found = judged([*old, *other, *back], kw=20, decisions=both)
    assert (events(found), energy(found)) == ([], 33)


def test_a_ct_ratio_holds_from_its_day_on() -> None:
    """From 09:45 on the CTs are of twice the ratio: what the meter shows is half of what flows."""
    readings = every(30, 100, 110, 120, 130)
    change = DeclaredSwitch(at=at(45), kind=SwitchKind.CONTINUES, scale=(2, 1))
    found = judged(readings, decisions=[change])
    assert energy(found) == 10 + (5 + 2 * 5) + 2 * 10
    assert judged(readings, decisions=[change]).shown == [mwh(kwh) for kwh in (100, 110, 120, 130)]
    told = DeclaredSwitch(at=at(45), kind=SwitchKind.CONTINUES, scale=(2, 1), closing_milliwh=mwh(112))
    assert energy(judged(readings, decisions=[told])) == 10 + (2 + 2 * 8) + 2 * 10


def test_other_facts_hold_from_a_switch_on() -> None:
    readings = every(15, *range(0, 40, 10), *range(5000, 5400, 100))
    small = switch(50, SwitchKind.EXCHANGE)
    assert events(judged(readings, kw=50, decisions=[small])) != []
    larger = DeclaredSwitch(at=at(50), kind=SwitchKind.EXCHANGE, facts=rated(500, count_milliwh=TENTHS))
    found = judged(readings, kw=50, decisions=[larger])
    assert (events(found), energy(found), found.watts) == ([], 330, (62_500, 625_000))


def test_a_declared_switch_splits_its_energy_where_it_happened() -> None:
    readings = every(90, 100, 106)
    found = judged(readings, decisions=[switch(30, SwitchKind.EXCHANGE, closing=105, opening=102)])
    hours = judged_hours(found, 2 * HOUR)
    # 5 kWh in the first half hour, 4 in the following hour, half of it in each clock hour.
    assert [hour.allocated_milliwh for hour in hours] == [7 * KWH, 2 * KWH]


def test_an_exchange_that_says_nothing_covers_no_time() -> None:
    found = judged(every(110, 100, 7000), decisions=[switch(30, SwitchKind.EXCHANGE)])
    assert not any(hour.is_covered for hour in judged_hours(found, 2 * HOUR))


def test_of_two_switches_at_an_instant_the_later_decision_holds() -> None:
    decisions = [switch(40, SwitchKind.CONTINUES), switch(40, SwitchKind.EXCHANGE)]
    assert energy(judged(UP, decisions=decisions)) == 5
    assert energy(judged(UP, decisions=decisions[::-1])) == 6503


def test_a_bound_learned_from_what_the_meter_shows_holds_behind_other_transformers() -> None:
    """8 kW by the meter are 160 kW by its transformers, which is more than the rung that it taught."""
    change = DeclaredSwitch(at=at(450), kind=SwitchKind.CONTINUES, scale=(100, 5))
    found = judge(
        every(15, *(5000 + 2 * n for n in range(60))), RegisterFacts(learned_watts=100_000), [change]
    )
    assert (energy(found), suspect(found)) == (30 * 2 + 29 * 40, [])
    assert found.watts == (100_000, 2_000_000)


OLD_LINE = every(15, *(9000 + n for n in range(40)))
NEW_LINE = [(at(600 + 15 * n), mwh(n + 1)) for n in range(80)]


@pytest.mark.parametrize(
    ("kind", "closing", "opening"),
    [
        (SwitchKind.RESET, None, None),
        (SwitchKind.RESET, 9040, None),
        (SwitchKind.ROLLOVER, None, None),
        (SwitchKind.EXCHANGE, 9040, 1),
        (SwitchKind.EXCHANGE, None, 1),
    ],
)
def test_what_a_board_sends_after_a_switch_was_decided_is_not_counted_twice(
    kind: SwitchKind, closing: float | None, opening: float | None
) -> None:
    """The board was away for the first forty readings of the new line, and sends them after the decision."""
    said = switch(1200, kind, closing=closing, opening=opening)
    facts = rated(100, width_milliwh=mwh(10**6))
    late = judge([*OLD_LINE, *NEW_LINE], facts, [said])
    undecided = judge([*OLD_LINE, *NEW_LINE], facts)
    assert (energy(late), suspect(late)) == (energy(undecided), [])
    assert events(late) == events(undecided)  # where the switch is now nobody has said


def test_a_declared_reset_counts_from_zero_where_the_register_shows_more_than_before() -> None:
    said = switch(45, SwitchKind.RESET, opening=0)
    assert energy(judged(every(15, 1, 2, 3, 5, 6, 7), decisions=[said])) == 2 + 5 + 2


@pytest.mark.parametrize("scale", [(0, 1), (1, 0), (-1, 1)])
def test_a_scale_is_above_zero(scale: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        DeclaredSwitch(at=0, kind=SwitchKind.CONTINUES, scale=scale)


# Readings.


def test_a_confirmed_glitch_is_an_event_no_more() -> None:
    readings = every(15, 100, 101, 102, 0, 0, 0, 106, 107)
    found = judged(readings, decisions=[box(readings[3:6], are_true=False)])
    assert (energy(found), events(found), reasons(found)) == (7, [], ["decided"])


def test_readings_that_are_said_to_be_wrong_are_left_out_although_they_fit() -> None:
    readings = every(15, 100, 101, 102, 103, 104)
    found = judged(readings, decisions=[box(readings[1:3], are_true=False)])
    assert (energy(found), suspect(found)) == (4, [101, 102])
    at_the_end = judged(readings, decisions=[box(readings[3:], are_true=False)])
    assert energy(at_the_end) == 2


def test_what_a_board_refills_later_is_not_what_was_said_to_be_wrong() -> None:
    """The hours of zeros are confirmed a glitch; then the true values of the same minutes come."""
    readings = every(15, 100, 101, 102, 0, 0, 0, 106, 107)
    decision = box(readings[3:6], are_true=False)
    found = judged([*readings, *every(15, 103, 104, 105, since=45)], decisions=[decision])
    assert (energy(found), suspect(found), events(found)) == (7, [0, 0, 0], [])


def test_a_rejected_glitch_is_believed() -> None:
    """A person says that the register did show 300 for a while: a switch there and one back."""
    readings = every(15, *range(500, 512), 300, 301, 302, *range(512, 524))
    assert events(judged(readings)) == ["glitch"]
    found = judged(readings, decisions=[box(readings[12:15], are_true=True)])
    assert suspect(found) == []
    assert events(found) == ["exchange", "exchange"]


def test_a_wobble_that_is_said_to_be_true_is_accepted() -> None:
    readings = every(15, 20, 20.1, 20.2, 20.1, 20.3, 20.4)
    found = judged(readings, decisions=[box(readings[3:4], are_true=True)])
    assert found.is_accepted(3)


def test_two_values_of_an_instant_cannot_both_be_true() -> None:
    readings = [*every(15, 100, 101, 102, 103), (at(15), mwh(101.5))]
    found = judged(readings, decisions=[box(readings, are_true=True)])
    assert (energy(found), suspect(found)) == (3, [101])


def test_the_later_decision_about_a_reading_holds() -> None:
    readings = every(15, 100, 101, 102, 103)
    wrong, true = box(readings[1:2], are_true=False), box(readings[1:2], are_true=True)
    assert suspect(judged(readings, decisions=[true, wrong])) == [101]
    assert suspect(judged(readings, decisions=[wrong, true])) == []


def test_nobody_can_say_that_a_register_shows_less_than_zero() -> None:
    readings = every(15, 1, -5, 2)
    assert suspect(judged(readings, decisions=[box(readings, are_true=True)])) == [-5]


# Undone.


def _said(
    number: int, says: DeclaredSwitch | None = None, undoes: int | None = None
) -> RecordedDecision[int]:
    return RecordedDecision(id=number, decided_at=number * DAY, says=says, undoes=undoes)


def test_a_decision_is_undone_by_another_and_that_by_a_third() -> None:
    first, second = switch(40, SwitchKind.EXCHANGE), switch(50, SwitchKind.RESET)
    recorded = [_said(1, first), _said(2, second), _said(3, undoes=1)]
    assert in_force(recorded) == [second]
    assert in_force([*recorded, _said(4, undoes=3)]) == [first, second]
    assert in_force(reversed([*recorded, _said(4, undoes=3)])) == [first, second]
    assert in_force([]) == []


def test_a_decision_that_is_undone_changes_nothing() -> None:
    recorded = [_said(1, switch(40, SwitchKind.CONTINUES)), _said(2, undoes=1)]
    facts = RegisterFacts(rated_watts=100_000)
    assert judge(UP, facts, in_force(recorded)) == judge(UP, facts)
