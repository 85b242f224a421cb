"""What a dead board has missed is read from the meter's log, where it has one."""

from node.clock import seconds_of
from node.meter_log import MeterLog
from node.modbus import BadAnswer, Master, crc16
from node.records import READING
from tests.firmware.checks import raises
from tests.firmware.lives import started
from tests.firmware.simulated_board import SimulatedBoard, register_of
from tests.firmware.simulated_flash import PowerCut
from tests.firmware.simulated_meter import SimulatedMeter, VirtualTicks

HOUR = 3600
EVERY_S = 900


def date_of(seconds: int) -> "tuple[int, ...]":
    """Return year, month, day, hour, minute and second, of a time around a new year."""
    year = 2026
    while seconds >= seconds_of(year + 1, 1, 1):
        year += 1
    month = 1
    while month < 12 and seconds >= seconds_of(year, month + 1, 1):
        month += 1
    days, second = divmod(seconds - seconds_of(year, month, 1), 86_400)
    return year - 2000, month, days + 1, second // 3600, second // 60 % 60, second % 60


class Logging:
    """The log of a board's meter: a record each quarter of an hour, of its own register, as it was then."""

    def __init__(self, board: SimulatedBoard, since_s: int) -> None:
        self._board = board
        self._since_s = since_s
        self.was: dict[int, int] = {}

    def note(self) -> None:
        """Let the meter log what is due."""
        registers = self._board.meter.registers
        count = registers[0x4048] << 16 | registers[0x4049]
        for at in range(self._since_s, self._board.true_ms() // 1000, EVERY_S):
            if at not in self.was:
                self.was[at] = count

    def words(self, offset: int, count: int) -> "dict[int, int]":
        """Return the registers 6001h on that a request brings."""
        self.note()
        found = {0x6001: 0x000B}
        times = sorted(self.was)[offset : offset + count]
        for index in range(count):
            data = bytes(28)
            if index < len(times):
                shown = date_of(times[index] + self._board.meter_ahead_s)
                data = (offset + index).to_bytes(4, "big") + bytes(shown)
                for register in (self.was[times[index]], 12, 91_223, 7):
                    data += register.to_bytes(4, "big")
                data += crc16(data).to_bytes(2, "big")
            for word in range(14):
                found[0x6004 + 14 * index + word] = data[2 * word] << 8 | data[2 * word + 1]
        return found


def logged(**settings: object) -> "tuple[SimulatedBoard, Logging]":
    board = started(log=1, **settings)
    log = Logging(board, board.true_ms() // 1000 // EVERY_S * EVERY_S - 40 * EVERY_S)
    board.meter.log = log.words
    return board, log


def dead(board: SimulatedBoard, log: Logging, seconds: int) -> None:
    """Leave the board without power; the meter counts on."""
    for _ in range(seconds // EVERY_S):
        board.ticks.sleep_ms(EVERY_S * 1000)
        registers = board.meter.registers
        count = (registers[0x4048] << 16 | registers[0x4049]) + 15
        registers.update({0x4048: count >> 16, 0x4049: count & 0xFFFF})
        log.note()


def refilled(board: SimulatedBoard) -> "dict[int, int]":
    """Return the registers of the rows that say that they are from the log, by their time."""
    return {at: register_of(row) for at, row in board.portal.rows.items() if row["source"] == "acuvim-ii log"}


def test_a_gap_is_read_from_the_log_and_marked() -> None:
    board, log = logged()
    board.run(HOUR)
    gap_from = board.true_ms() // 1000
    dead(board, log, 6 * HOUR)
    gap_to = board.true_ms() // 1000
    board.start()
    board.run(HOUR)
    found = refilled(board)
    wanted = {at: count for at, count in log.was.items() if gap_from < at < gap_to}
    assert len(wanted) >= 22
    # The meter's clock is known to a second or two.
    shifted = {at + 2 - (at + 2) % EVERY_S: count for at, count in found.items()}
    assert shifted == wanted
    assert max([abs(at - (at + 2 - (at + 2) % EVERY_S)) for at in found]) <= 2
    assert board.node is not None
    assert board.node.counters.refilled == len(wanted)
    assert board.portal.conflicts == 0
    assert {len(board.portal.rows[at]) for at in found} == {4}, "time, two registers and source"
    board.run(HOUR)
    board.start()
    board.run(HOUR)
    assert refilled(board) == found, "once"


def test_a_refill_that_is_cut_goes_on_and_doubles_nothing() -> None:
    for cut in range(0, 4_000, 500):
        board, log = logged()
        board.run(HOUR)
        gap_from = board.true_ms() // 1000
        dead(board, log, 3 * HOUR)
        gap_to = board.true_ms() // 1000
        board.start()
        board.run(5)
        board.flash.cut_after = cut
        try:
            board.run(900)
        except PowerCut:
            pass
        board.flash.cut_after = None
        board.start()
        board.run(HOUR)
        found = {at + 2 - (at + 2) % EVERY_S for at in refilled(board)}
        assert found >= {at for at in log.was if gap_from < at < gap_to - EVERY_S}, cut
        assert len(found) == len(refilled(board)), cut
        assert board.portal.conflicts == 0, cut


def test_without_the_setting_the_meter_is_asked_for_no_log() -> None:
    board = started()
    asked: list[int] = []
    board.meter.log = lambda offset, count: asked.append(offset) or {}
    board.run(HOUR)
    board.ticks.sleep_ms(6 * HOUR * 1000)
    board.start()
    board.run(HOUR)
    assert asked == []


def test_a_log_that_is_of_another_meter_or_runs_back_is_not_mixed_in() -> None:
    board, log = logged()
    board.run(HOUR)
    gap_from = board.true_ms() // 1000
    dead(board, log, 4 * HOUR)
    behind = sorted(at for at in log.was if at > gap_from)
    log.was[behind[3]] = 5
    board.start()
    board.run(HOUR)
    assert len(refilled(board)) == 3


def test_a_meter_that_never_has_its_log_ready_is_left_alone_after_a_while() -> None:
    board, log = logged()
    board.run(HOUR)
    dead(board, log, 2 * HOUR)
    asked: list[int] = []

    def never(offset: int, _count: int) -> "dict[int, int]":
        asked.append(offset)
        return {0x6001: 0x0001}

    board.meter.log = never
    board.start()
    board.run(3 * HOUR)
    assert 0 < len(asked) <= 20
    assert board.node is not None
    assert board.node.counters.taken >= 175, "no reading is late for it"


def test_a_record_has_to_be_whole() -> None:
    ticks = VirtualTicks()
    meter = SimulatedMeter(ticks)
    log = MeterLog(Master(meter, ticks), 1)
    assert raises(BadAnswer, log.records, 0, 1)
    meter.log = lambda _offset, count: dict(
        [(0x6001, 0x0B)] + [(0x6004 + word, 0) for word in range(14 * count)]
    )
    assert log.records(0, 4) == []
    assert READING == 0
