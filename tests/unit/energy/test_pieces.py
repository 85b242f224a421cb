"""Energy between two readings is split at the hour, and nothing of it is lost."""

from datetime import UTC, datetime

from portal.core.energy.rules.pieces import Piece, PieceKind, split_by_hour

KWH = 1_000_000


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, 18, hour, minute, tzinfo=UTC)


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
