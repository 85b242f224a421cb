"""What may be said about a meter event, and what comes of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.energy.rules.judging import (
    DeclaredReadings,
    DeclaredSwitch,
    ProposalKind,
    SwitchKind,
    in_force,
    judge,
    proposals_of,
)
from portal.core.energy.rules.judging.decisions import RecordedDecision
from portal.core.energy.rules.judging.limits import RegisterFacts
from portal.core.quality.rules.answers import (
    AnswerableEvent,
    Box,
    Correction,
    EventAnswer,
    answers_to,
    boxes_around,
    decisions_of,
)

MINUTE = 60_000_000
KWH = 1_000_000
EXCHANGE = AnswerableEvent(
    kind=ProposalKind.EXCHANGE,
    at=640 * MINUTE,
    before_at=550 * MINUTE,
    closing_milliwh=1_127_436 * KWH,
    opening_milliwh=11_248 * KWH,
    boxes=(Box(640 * MINUTE, 900 * MINUTE, 11_248 * KWH, 11_340 * KWH),),
)
GLITCH = replace(EXCHANGE, kind=ProposalKind.GLITCH, boxes=(Box(1, 2, 0, 0), Box(3, 3, 7, 9)))


def test_an_exchange_is_confirmed_where_the_new_line_begins() -> None:
    assert decisions_of(EXCHANGE, EventAnswer.CONFIRM) == (
        DeclaredSwitch(
            at=640 * MINUTE,
            kind=SwitchKind.EXCHANGE,
            old_at=550 * MINUTE,
            old_milliwh=1_127_436 * KWH,
            new_milliwh=11_248 * KWH,
        ),
    )


def test_a_correction_says_registers_time_and_ct_ratio() -> None:
    known = Correction(
        at=635 * MINUTE,
        closing_milliwh=1_127_469 * KWH,
        opening_milliwh=11_246 * KWH,
        scale=(100, 5),
    )
    [said] = decisions_of(EXCHANGE, EventAnswer.CORRECT, known)
    assert said == DeclaredSwitch(
        at=635 * MINUTE,
        kind=SwitchKind.EXCHANGE,
        closing_milliwh=1_127_469 * KWH,
        opening_milliwh=11_246 * KWH,
        scale=(100, 5),
    )


def test_what_is_rejected_was_faulty_and_a_rejected_glitch_is_true() -> None:
    [line] = decisions_of(EXCHANGE, EventAnswer.REJECT)
    assert line == DeclaredReadings(**EXCHANGE.boxes[0]._asdict(), are_true=False)
    assert [each.are_true for each in _readings(decisions_of(GLITCH, EventAnswer.REJECT))] == [True, True]
    assert [each.are_true for each in _readings(decisions_of(GLITCH, EventAnswer.CONFIRM))] == [False, False]


def _readings(said: tuple[object, ...]) -> list[DeclaredReadings]:
    return [each for each in said if isinstance(each, DeclaredReadings)]


def test_a_register_that_only_went_on_is_offered_where_it_rose() -> None:
    assert EventAnswer.CONTINUES not in answers_to(EXCHANGE)
    assert EventAnswer.CONTINUES in answers_to(replace(EXCHANGE, opening_milliwh=1_200_000 * KWH))


def test_nothing_is_decided_about_what_is_only_to_be_seen() -> None:
    noise = replace(EXCHANGE, kind=ProposalKind.LEARNED_BOUND, boxes=())
    assert answers_to(noise) == (EventAnswer.NOTED,)
    assert decisions_of(noise, EventAnswer.NOTED) == ()


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (Correction(), "say what is known"),
        (Correction(at=550 * MINUTE), "the time lies"),
        (Correction(at=641 * MINUTE), "the time lies"),
        (Correction(closing_milliwh=1_127_435 * KWH), "old register"),
        (Correction(opening_milliwh=11_249 * KWH), "new register"),
        (Correction(opening_milliwh=-1), "new register"),
        (Correction(kind=SwitchKind.ROLLOVER), "digits"),
        (Correction(scale=(100, 0)), "CT ratio"),
    ],
)
def test_what_cannot_be_true_is_refused_in_words(known: Correction, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decisions_of(EXCHANGE, EventAnswer.CORRECT, known)


def test_registers_belong_to_a_correction_alone() -> None:
    with pytest.raises(ValueError, match="belong to"):
        decisions_of(EXCHANGE, EventAnswer.CONFIRM, Correction(closing_milliwh=2_000_000 * KWH))
    with pytest.raises(ValueError, match="takes one of"):
        decisions_of(GLITCH, EventAnswer.CORRECT, Correction(at=2))


@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.integers(0, 3) | st.integers(0, 10**9)), min_size=1, max_size=60
    )
)
def test_boxes_hold_every_faulty_reading_and_zeros_apart(readings: list[tuple[int, int]]) -> None:
    ordered = sorted(readings)
    boxes = boxes_around(ordered)
    assert len(boxes) <= 13
    for at, shown in ordered:
        assert any(
            box.from_at <= at <= box.to_at and box.least_milliwh <= shown <= box.most_milliwh for box in boxes
        )
    zeros = [box for box in boxes if (box.least_milliwh, box.most_milliwh) == (0, 0)]
    assert all(box.least_milliwh > 0 for box in boxes if box not in zeros)


def test_what_was_decided_is_proposed_no_more() -> None:
    """The judge and the answers speak of the same readings: a register of minutes that jumps to another line."""
    old = [(n * MINUTE, (1000 + n) * KWH // 60) for n in range(200)]
    new = [((250 + n) * MINUTE, (900_000 + n) * KWH) for n in range(200)]
    facts = RegisterFacts(rated_watts=100_000)
    judgement = judge([*old, *new], facts)
    [proposed] = [each for each in proposals_of(judgement) if each.kind is ProposalKind.EXCHANGE]
    asked = AnswerableEvent(
        kind=proposed.kind,
        at=proposed.at,
        before_at=199 * MINUTE,
        closing_milliwh=proposed.closing_milliwh,
        opening_milliwh=proposed.opening_milliwh,
        boxes=(Box(250 * MINUTE, 449 * MINUTE, 900_000 * KWH, 900_199 * KWH),),
    )
    for answer in (EventAnswer.CONFIRM, EventAnswer.REJECT, EventAnswer.CONTINUES):
        said = decisions_of(asked, answer)
        held = in_force(RecordedDecision(id=n, decided_at=n, says=each) for n, each in enumerate(said))
        assert proposals_of(judge([*old, *new], facts, held)) == []
