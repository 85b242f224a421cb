"""Pieces of a new line that come after somebody has decided where it begins, with figures worked out by hand."""

import random

import pytest

from portal.core.energy.rules.judging import (
    DeclaredSwitch,
    RegisterReading,
    SwitchKind,
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
    suspect,
)

OLD = every(15, 500, 501, 502)
# The board is away from 30 to 240; what was known then is the line from 240 on.
GONE = every(15, *range(7000, 7013), since=45)
NEW = every(15, *range(7013, 7023), since=240)


def between(closing: float | None = None, opening: float | None = None) -> DeclaredSwitch:
    return DeclaredSwitch(
        at=NEW[0][0],
        kind=SwitchKind.EXCHANGE,
        closing_milliwh=None if closing is None else mwh(closing),
        opening_milliwh=None if opening is None else mwh(opening),
        old_at=OLD[-1][0],
        old_milliwh=OLD[-1][1],
        new_milliwh=NEW[0][1],
    )


@pytest.mark.parametrize("pieces", [1, 2, 3, 13])
def test_late_pieces_of_a_confirmed_exchange_lose_no_interval_and_open_no_event(pieces: int) -> None:
    late = GONE[-pieces:]
    found = judged([*OLD, *late, *NEW], decisions=[between()])
    assert (energy(found), events(found), suspect(found)) == (2 + 9 + pieces, [], [])


def test_pieces_of_the_old_line_stay_with_it() -> None:
    more = every(15, 503, 504, since=45)
    found = judged([*OLD, *more, *GONE[4:], *NEW], decisions=[between()])
    assert (energy(found), events(found), suspect(found)) == (4 + 9 + 9, [], [])


def test_a_fault_among_late_pieces_is_a_fault_of_the_new_line() -> None:
    late = [*GONE[:5], (GONE[5][0], 0), *GONE[6:]]
    found = judged([*OLD, *late, *NEW], decisions=[between()])
    assert (energy(found), events(found), suspect(found)) == (2 + 9 + 13, ["glitch"], [0])


def test_registers_that_were_said_lie_on_both_sides_of_where_the_line_begins_now() -> None:
    said = between(closing=502.5, opening=6999)
    assert energy(judged([*OLD, *NEW], decisions=[said])) == pytest.approx(2 + 9 + 0.5 + 14)
    found = judged([*OLD, *GONE, *NEW], decisions=[said])
    assert (energy(found), events(found)) == (pytest.approx(2 + 9 + 0.5 + 14), [])


def test_a_reset_begins_with_its_first_piece() -> None:
    new = every(15, *range(4, 14), since=120)
    said = DeclaredSwitch(
        at=new[0][0], kind=SwitchKind.RESET, old_at=OLD[-1][0], old_milliwh=OLD[-1][1], new_milliwh=new[0][1]
    )
    late = every(15, 1, 2, 3, since=75)
    for readings in ([*OLD, *new], [*OLD, *late, *new]):
        found = judged(readings, decisions=[said])
        assert (energy(found), events(found)) == (2 + 13, [])


def test_a_stretch_that_begins_in_between_comes_to_the_same() -> None:
    """Hours of the whole and of what is judged from an anchor among the late pieces agree."""
    minute = [(at(n), mwh(500 + n // 10)) for n in range(600)]
    new = [(at(2000 + n), mwh(90_000 + n // 10)) for n in range(900)]
    said = DeclaredSwitch(
        at=new[700][0], kind=SwitchKind.EXCHANGE, old_at=minute[-1][0], old_milliwh=minute[-1][1],
        new_milliwh=new[700][1],
    )  # fmt: skip
    facts = rated(100, count_milliwh=TENTHS)
    whole = judged_hours(judge([*minute, *new], facts, [said]), HOUR)
    rest: list[RegisterReading] = new[300:]
    part = judged_hours(judge(rest, facts, [said], anchor_at=new[400][0]), HOUR)
    later = new[400][0] // HOUR * HOUR + HOUR
    assert [each for each in part if each.hour > later] == [each for each in whole if each.hour > later]
    assert sum(each.allocated_milliwh for each in whole) == (59 + 89) * KWH


def test_order_changes_nothing() -> None:
    rows = [*OLD, *GONE, *NEW]
    right = judged(rows, decisions=[between()])
    for seed in range(5):
        mixed = random.Random(seed).sample(rows, len(rows))
        assert judged(mixed, decisions=[between()]) == right
    assert right.times[-1] - right.times[0] < DAY
