"""A simulated board's life: started, befallen by this and that, and what has to hold in the end."""

from node.records import decode
from tests.firmware.simulated_board import SimulatedBoard, stored_registers
from tests.firmware.simulated_flash import PowerCut

_MOODS = (
    "request lost", "answer lost", "answer cut", "never answers", "captive portal", "401", "413", "429", "500", "503",
    "connection dies afterwards",
)  # fmt: skip
_FAULTS = (
    "silent", "cut", "first byte lost", "bit", "other unit", "noise before", "echo", "late", "busy", "shorter",
)  # fmt: skip


def started(**settings: object) -> SimulatedBoard:
    board = SimulatedBoard()
    board.set_up(**settings)
    board.start()
    return board


def drained(board: SimulatedBoard) -> "dict[int, int]":
    """Give the node a good line for as long as it needs, and return what the portal has."""
    assert board.node is not None
    board.link.moods.clear()
    board.link.is_up = board.link.knows_time = True
    board.run(1)
    board.drain()
    return stored_registers(board.portal)


def without_time(board: SimulatedBoard) -> "set[int | None]":
    """Return the registers of readings that are set aside on the board, because nobody ever knew their time."""
    assert board.node is not None
    kept = [frame.payload for frame in board.node.aside.oldest(1000)]
    return {decode(each[1 + each[0] :]).values[6] for each in kept if each[1:].startswith(b"its time")}


def holds(board: SimulatedBoard, found: "dict[int, int]") -> None:
    """Each reading is there once, with the time it was taken at; or a full ring has counted it, or it is set aside."""
    assert board.node is not None
    missing = set(board.taken) - set(found) - without_time(board)
    assert len(missing) <= board.node.ring.dropped, sorted(missing)
    assert not set(found) - set(board.taken) - board.unsure
    assert board.portal.conflicts == 0
    late = [
        count for count, at in found.items() if count in board.taken and not 0 <= board.taken[count] - at <= 3
    ]
    assert not late, late[:5]


def _some(board: SimulatedBoard, kinds: "tuple[str, ...]") -> "list[str]":
    return [kinds[board.random_below(len(kinds))] for _ in range(1 + board.random_below(4))]


def befall(board: SimulatedBoard) -> None:
    """Have one more thing go wrong."""
    kind = board.random_below(5)
    if kind == 0:
        board.link.moods = _some(board, _MOODS)
    elif kind == 1:
        board.meter.faults = _some(board, _FAULTS)
    elif kind == 2:
        board.link.is_up = not board.link.is_up
    else:
        board.flash.cut_after = board.random_below(900)


def start_again(board: SimulatedBoard) -> None:
    """Switch the power on again, with which it may go at once, until it stays."""
    while True:
        board.flash.cut_after = board.random_below(300) if board.random_below(3) == 0 else None
        try:
            board.start()
        except PowerCut:
            continue
        return
