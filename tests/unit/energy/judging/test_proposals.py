"""Meter events as they are proposed: what each says, and what names it."""

from portal.core.energy.rules.judging import (
    Proposal,
    ProposalKind,
    SuspectReason,
    anchors_among,
    outline_of,
    proposals_of,
)
from tests.unit.energy.judging.histories import DAY, HOUR, KWH, MINUTE, NINE, at, every, judged, mwh


def _only(proposals: list[Proposal]) -> Proposal:
    [proposal] = proposals
    return proposal


def test_an_exchange_says_what_both_registers_showed() -> None:
    found = _only(proposals_of(judged(every(15, 500, 501, 502, 7000, 7001, 7002, 7003))))
    assert found == Proposal(ProposalKind.EXCHANGE, at(45), at(45), 1, mwh(502), mwh(7000), 0)


def test_a_reset_says_what_it_counts() -> None:
    found = _only(proposals_of(judged(every(15, 500, 501, 502, 3, 4), kw=20)))
    assert (found.kind, found.closing_milliwh, found.opening_milliwh) == ("reset", 502 * KWH, 3 * KWH)
    assert found.milliwh == 3 * KWH


def test_a_glitch_says_which_readings_and_what_was_used_meanwhile() -> None:
    found = _only(proposals_of(judged(every(15, 100, 101, 102, 0, 0, 103.5, 104))))
    assert (found.kind, found.at, found.until, found.readings) == ("glitch", at(45), at(60), 2)
    assert found.milliwh == mwh(1.5)
    assert found.reasons == (SuspectReason.ZERO,)


def test_an_event_has_the_same_name_whatever_came_since() -> None:
    readings = every(15, 500, 501, 502, 7000, 7001, 7002, 7003)
    later = every(15, 7004, 0, 7006, 7007, since=105)
    first = _only(proposals_of(judged(readings)))
    keys = [proposal.key for proposal in proposals_of(judged([*readings, *later]))]
    assert first.key in keys
    assert len(set(keys)) == len(keys) == 2


def test_a_conflict_and_a_glitch_beside_it_are_two_events() -> None:
    found = proposals_of(judged([*every(15, 100, 101, 102, 0, 104), (at(30), mwh(180))]))
    assert [proposal.kind for proposal in found] == ["conflict", "glitch"]


def test_values_below_and_above_what_is_believed_of_an_instant_are_one_conflict() -> None:
    found = _only(
        proposals_of(judged([*every(15, 100, 101, 102, 103, 104), (at(30), mwh(7)), (at(30), mwh(180))]))
    )
    assert (found.kind, found.at, found.until, found.readings) == ("conflict", at(30), at(30), 2)
    assert (found.closing_milliwh, found.opening_milliwh, found.milliwh) == (mwh(101), mwh(103), mwh(2))


def test_a_board_that_starts_in_another_year_had_no_clock() -> None:
    found = _only(proposals_of(judged([(at(0) - 3_650 * DAY, mwh(101)), *every(15, 100, 101, 102)])))
    assert (found.kind, found.closing_milliwh, found.opening_milliwh) == ("clockJump", None, 100 * KWH)


def test_rows_stamped_among_others_are_suspect_one_by_one() -> None:
    shown = [(NINE + n * MINUTE, 500 * KWH + n * KWH // 10) for n in range(900)]
    moved = [(when - 6 * HOUR + 7, kwh) for when, kwh in shown[500:505]]
    rest = [*shown[:500], *shown[505:]]
    found = proposals_of(judged([*rest, *moved]))
    assert [proposal.readings for proposal in found] == [1] * 5
    assert {proposal.milliwh for proposal in found} == {KWH // 10}


def test_rows_stamped_back_into_a_silence_say_by_how_much() -> None:
    shown = [(NINE + n * MINUTE, 500 * KWH + n * KWH // 10) for n in range(900)]
    rest = [row for n, row in enumerate(shown) if not 140 <= n < 146 and not 500 <= n < 505]
    moved = [(when - 6 * HOUR, kwh) for when, kwh in shown[500:505]]
    found = _only(proposals_of(judged([*rest, *moved])))
    assert (found.kind, found.readings) == ("clockJump", 5)
    assert found.shift is not None
    assert abs(found.shift + 6 * HOUR) < 10 * MINUTE


def test_a_counter_that_runs_both_ways_is_named() -> None:
    net = judged(every(30, *(500 + (n % 48 if n % 48 < 24 else 48 - n % 48) for n in range(480))))
    named = [proposal for proposal in proposals_of(net) if proposal.kind == "noRegister"]
    assert [(proposal.at, proposal.readings) for proposal in named] == [(at(0), 480)]


def test_a_spike_is_no_clock_jump() -> None:
    found = proposals_of(judged(every(15, 100, 101, 102, 900, 950, 105, 106)))
    assert [proposal.kind for proposal in found] == ["glitch"]


# From when on an answer is provisional.


def test_an_answer_is_provisional_until_eight_readings_have_followed() -> None:
    readings = every(15, *range(100, 130))
    assert outline_of(judged(readings)).provisional_from == readings[-9][0]
    assert outline_of(judged(readings[:20])).provisional_from is None


def test_a_register_that_stands_still_is_provisional_for_a_day() -> None:
    """It may have stood still wrongly; after a day nothing changes that."""
    moving = every(15, *range(100, 130))
    still = every(15, *[129] * 300, since=30 * 15)
    early, late = judged([*moving, *still[:50]]), judged([*moving, *still])
    assert (outline_of(early).provisional_from or 0) < still[0][0]
    assert (outline_of(late).provisional_from or 0) > still[0][0]


def test_an_anchor_is_found_among_readings_that_are_known_to_be_whole() -> None:
    readings = every(15, *range(100, 130))
    times, shown = [when for when, _ in readings], [kwh for _, kwh in readings]
    (found,) = anchors_among(times, shown)
    assert (found.at, found.since) == (readings[-9][0], readings[9][0])
    # What it takes to see that it is one is enough to see that it is one.
    begin, end = times.index(found.since), times.index(found.at) + 9
    assert anchors_among(times[begin:end], shown[begin:end]) == [found]
    assert anchors_among(times[:20], shown[:20]) == []
    assert anchors_among([], []) == []


def test_zeros_are_no_anchors() -> None:
    assert outline_of(judged(every(15, *[0] * 300))).anchors == []


def test_a_line_that_was_left_may_come_back() -> None:
    found = outline_of(judged(every(15, *range(500, 530), *range(7000, 7030))))
    assert [(rival.until, rival.readings) for rival in found.rivals] == [(at(29 * 15), 3)]
    assert outline_of(judged(every(15, *range(500, 530), 0, 0, 0, *range(534, 560)))).rivals == []
