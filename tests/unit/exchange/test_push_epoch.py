"""Which side of a push was set back is told from its marks alone."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.exchange.rules.push_epoch import HeldPosition, Position, SyncStatus, compare
from portal.core.exchange.sync import parse_position, position_header

OWN, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("position", "held", "status"),
    [
        (Position(OWN, 1, is_first=True), HeldPosition(), SyncStatus.IN_SYNC),
        (Position(OWN, 1, is_first=True), HeldPosition(was_seen=True), SyncStatus.CLIENT_BEHIND),
        (Position(OWN, 9), HeldPosition(was_seen=True), SyncStatus.IN_SYNC),
        (Position(OWN, 9, 8), HeldPosition(was_seen=True), SyncStatus.ADMIN_BEHIND),
        (Position(OWN, 9, 8), HeldPosition(OWN, 8, "a"), SyncStatus.IN_SYNC),
        (Position(OWN, 9, 7), HeldPosition(OWN, 8, "a"), SyncStatus.CLIENT_BEHIND),
        (Position(OWN, 9, 7, unanswered=("a",)), HeldPosition(OWN, 8, "a"), SyncStatus.IN_SYNC),
        (Position(OWN, 900, 7, unanswered=("b",)), HeldPosition(OWN, 8, "a"), SyncStatus.CLIENT_BEHIND),
        (Position(OWN, 9, 8, nonce="a"), HeldPosition(OWN, 9, "a"), SyncStatus.IN_SYNC),
        (Position(OWN, 9, 8, nonce="b"), HeldPosition(OWN, 9, "a"), SyncStatus.CLIENT_BEHIND),
        (Position(OWN, 9, 8), HeldPosition(OWN, 400, "a"), SyncStatus.CLIENT_BEHIND),
        (Position(OWN, 9, 8), HeldPosition(OWN, 3, "a"), SyncStatus.ADMIN_BEHIND),
        (Position(OTHER, 500, 499), HeldPosition(OWN, 8, "a"), SyncStatus.CLIENT_BEHIND),
    ],
)
def test_who_is_behind(position: Position, held: HeldPosition, status: SyncStatus) -> None:
    assert compare(position, held) is status


@given(st.lists(st.sampled_from(["send", "lose answer", "not sent"]), max_size=40))
def test_who_is_never_set_back_is_always_in_sync(course: list[str]) -> None:
    held, acknowledged = HeldPosition(), 0
    unanswered: tuple[str, ...] = ()
    for mark, turn in enumerate(course, start=1):
        position = Position(
            OWN, mark, acknowledged, is_first=acknowledged == 0, nonce=str(mark), unanswered=unanswered
        )
        assert compare(position, held) is SyncStatus.IN_SYNC
        if turn != "not sent":
            held = HeldPosition(OWN, mark, str(mark), was_seen=True)
            acknowledged = mark if turn == "send" else acknowledged
        unanswered = () if turn == "send" else (*unanswered, str(mark))


@given(dump=st.integers(0, 50), later=st.integers(1, 50))
def test_who_is_set_back_by_one_batch_or_many_is_told(dump: int, later: int) -> None:
    held = HeldPosition(OWN, dump + later, "x", was_seen=True)
    assert compare(Position(OWN, dump + 1, dump, nonce="y"), held) is SyncStatus.CLIENT_BEHIND
    ahead = Position(OWN, dump + later + 1, dump + later, nonce="y")
    assert compare(ahead, HeldPosition(OWN, dump, "x", was_seen=True)) is SyncStatus.ADMIN_BEHIND


def test_a_position_travels_in_its_header() -> None:
    position = Position(OWN, 12, 11, is_first=True, nonce="ab", unanswered=("c" * 16,) * 11)
    assert parse_position(position_header(position)) == position


@pytest.mark.parametrize(
    "text", [None, "", "epoch=x; mark=1; acknowledged=0; first=no; nonce=a; unanswered=", "mark=1", "é" * 500]
)
def test_a_header_that_cannot_be_read_is_none(text: str | None) -> None:
    assert parse_position(text) is None
