"""A whole node: whatever goes wrong, each reading is stored once."""

from node.quantities import EIGHT
from node.uploader import PATH
from tests.firmware.checks import NAMES
from tests.firmware.simulated_board import SimulatedBoard, stored_registers
from tests.firmware.simulated_flash import PowerCut

_HOUR = 3600


def _started(**settings: object) -> SimulatedBoard:
    board = SimulatedBoard()
    board.set_up(**settings)
    board.start()
    return board


def _drained(board: SimulatedBoard) -> "dict[int, int]":
    """Give the node a good line for as long as it needs, and return what the portal has."""
    assert board.node is not None
    board.link.moods.clear()
    board.link.is_up = board.link.knows_time = True
    board.run(1)
    board.drain()
    return stored_registers(board.portal)


def _holds(board: SimulatedBoard, found: "dict[int, int]") -> None:
    """Each reading is there once, with the time it was taken at, unless a full ring has counted it as dropped."""
    assert board.node is not None
    missing = set(board.taken) - set(found)
    assert len(missing) <= board.node.ring.dropped, sorted(missing)
    assert not set(found) - set(board.taken) - board.unsure
    assert board.portal.conflicts == 0
    late = [
        count for count, at in found.items() if count in board.taken and not 0 <= board.taken[count] - at <= 3
    ]
    assert not late, late[:5]


def test_hours_of_an_ordinary_day() -> None:
    board = _started()
    board.run(3 * _HOUR)
    found = _drained(board)
    _holds(board, found)
    assert board.portal.duplicates == 0
    seconds = sorted(board.portal.rows)
    assert [at % 60 for at in seconds[1:]] == [0] * 180
    row = board.portal.rows[seconds[5]]
    assert set(row) == set(["time", "source"] + [NAMES[index] for index in EIGHT])
    assert row["source"] == "acuvim-ii 3LN/3CT"
    assert row["activePowerKw"] == 6.8883


def test_the_year_ends_between_two_readings() -> None:
    board = _started()
    board.run(1200)
    found = _drained(board)
    _holds(board, found)
    assert 1_798_761_600 in found.values()
    assert 1_798_761_540 in found.values()


def test_the_meter_is_read_on_its_minutes_whatever_the_modem_does() -> None:
    """One of the ways of losing data: code of the modem that blocks, in the same loop."""
    board = _started()
    board.run(120)
    board.link.moods = ["never answers"] * 50
    board.link.is_up = False
    board.run(600)
    board.link.is_up = True
    board.run(_HOUR)
    times = sorted(board.taken.values())
    assert max([times[index + 1] - times[index] for index in range(1, len(times) - 1)]) <= 61
    _holds(board, _drained(board))


def test_nothing_is_taken_away_without_an_answer_that_says_it_is_stored() -> None:
    for mood in ("request lost", "answer lost", "answer cut", "never answers", "captive portal", "204", "302", "404",
                 "429", "500", "502", "503", "401", "403"):  # fmt: skip
        board = _started()
        board.link.moods = [mood] * 6
        board.run(_HOUR)
        _holds(board, _drained(board))


def test_a_lost_answer_makes_duplicates_and_nothing_else() -> None:
    board = _started()
    board.link.moods = ["answer lost"]
    board.run(_HOUR)
    _holds(board, _drained(board))
    assert board.portal.duplicates > 0


def test_a_connection_that_died_unnoticed_is_opened_again() -> None:
    board = _started()
    board.link.moods = ["connection dies afterwards"]
    board.run(_HOUR)
    _holds(board, _drained(board))
    assert board.node is not None
    assert board.node.counters.failed_posts == 0
    assert board.link.opened == 2


def test_a_connection_is_used_again_while_it_lasts() -> None:
    board = _started()
    board.run(_HOUR)
    assert board.portal.posts >= 10
    assert board.link.opened == 1


def test_readings_before_the_time_is_known_are_dated_by_it() -> None:
    board = _started()
    board.link.knows_time = False
    board.run(1800)
    assert not board.portal.posts, "nothing is sent, and no certificate believed, before the time is known"
    _holds(board, _drained(board))
    assert min(board.portal.rows) < 1_798_761_000 + 60


def test_they_are_dated_after_a_reset_too() -> None:
    board = _started()
    board.link.knows_time = False
    board.run(900)
    board.link.knows_time = True
    board.link.moods = ["request lost"] * 100
    board.run(300)
    board.start()
    _holds(board, _drained(board))
    assert min(board.portal.rows) < 1_798_761_000 + 60


def test_a_reading_whose_time_will_never_be_known_is_set_aside_and_counted() -> None:
    board = _started()
    board.link.knows_time = False
    board.run(300)
    lost = set(board.taken)
    node = board.start()
    found = _drained(board)
    assert set(board.taken) - set(found) == lost
    assert node.counters.undated == len(lost)
    assert len(node.aside.oldest(100)) == len(lost)


def test_a_start_without_a_network_knows_the_time_by_the_meter() -> None:
    """The power fails, the network with it, and the power fails again: the readings in between have their time."""
    board = _started()
    board.run(600)
    board.link.is_up = False
    for _ in range(3):
        board.start()
        board.run(1800)
    assert board.node is not None
    assert not board.node.clock.by_network
    _holds(board, _drained(board))
    assert board.node.counters.undated == 0


def test_how_wrong_the_meters_clock_is_is_not_written_down_every_hour() -> None:
    board = _started()
    board.run(600)
    erases = sum(board.flash.erases[:2])
    board.run(5 * _HOUR)
    assert sum(board.flash.erases[:2]) == erases
    board.meter_ahead_s += 100
    board.run(2 * _HOUR)
    assert sum(board.flash.erases[:2]) == erases + 1


def test_a_row_that_the_portal_refuses_is_set_aside_and_the_others_go_on() -> None:
    board = _started()
    board.portal.refuses = lambda row: row["time"] % 600 == 0
    board.run(2 * _HOUR)
    found = _drained(board)
    node = board.node
    assert node is not None
    assert len(board.taken) == len(found) + node.counters.refused
    assert node.counters.refused == node.counters.set_aside == len(node.aside.oldest(100)) > 5
    assert b"not a finite number" in node.aside.oldest(1)[0].payload


def test_too_many_rows_are_sent_in_smaller_batches() -> None:
    board = _started()
    board.link.is_up = False
    board.run(2 * _HOUR)
    board.portal.most_rows = 7
    _holds(board, _drained(board))


def test_an_unknown_token_is_tried_again_later_and_nothing_is_lost() -> None:
    board = _started()
    board.portal.token = "another"
    board.run(10 * _HOUR)
    assert board.node is not None
    posts = board.portal.posts
    assert posts < 50, "every quarter of an hour, not every minute"
    assert not board.node.uploader.is_stuck(), "a fresh start would not help"
    board.portal.token = "token"
    _holds(board, _drained(board))


def test_retry_after_is_waited_for() -> None:
    board = _started()
    board.run(60)
    board.link.moods = ["429"]
    before = board.portal.posts
    while board.link.moods:
        board.run(1)
    board.run(80)
    assert board.portal.posts == before
    board.run(60)
    assert board.portal.posts > before


def test_the_servers_time_sets_a_clock_that_is_wrong() -> None:
    board = _started()
    board.link.wrong_by_ms = 3_600_000
    board.run(120)
    board.portal.says = {"serverTime": "2026-12-31T23:59:00.123456Z", "clockSkewSeconds": 3600}
    assert board.node is not None
    while not board.node.clock.steps:
        board.run(1)
    assert abs((board.node.clock.now_ms() or 0) // 1000 - 1_798_761_540) < 5


def test_a_full_flash_drops_the_oldest_and_counts_them() -> None:
    board = _started()
    board.link.is_up = False
    board.run(12 * _HOUR)
    node = board.node
    assert node is not None
    assert node.ring.dropped > 0
    found = _drained(board)
    _holds(board, found)
    missing = set(board.taken) - set(found)
    assert len(missing) == node.ring.dropped
    assert max(missing) < min(found)


def test_a_meter_that_is_silent_costs_its_own_readings_only() -> None:
    board = _started()
    board.run(300)
    board.meter.faults = ["silent"] * 40
    board.run(1200)
    assert board.node is not None
    assert board.node.counters.failed_reads > 0
    assert board.node.watchdog.hungry() == []
    board.run(600)
    _holds(board, _drained(board))


def test_a_register_that_rolls_over_or_is_cleared_is_sent_as_it_is() -> None:
    """What it means is for the portal to judge."""
    board = _started()
    board.meter.registers.update({0x4048: 999_999_995 >> 16, 0x4049: 999_999_995 & 0xFFFF})
    board.run(600)
    board.meter.registers.update({0x4048: 0, 0x4049: 100})
    board.run(600)
    found = _drained(board)
    _holds(board, found)
    assert [count in found for count in (999_999_999, 0, 1, 100, 101)] == [True] * 5


def test_a_start_knows_the_meter_of_before_while_it_is_silent() -> None:
    board = _started()
    board.meter.registers[0x1003] = 3
    board.run(120)
    board.meter.faults = ["silent"] * 3  # how it is set up cannot be asked; the reading after it can
    node = board.start()
    board.run(5)
    assert node.counters.taken == 1
    _drained(board)
    assert {row["source"] for row in board.portal.rows.values()} == {"acuvim-ii 3LL/3CT"}


def test_a_meter_of_which_nothing_is_known_is_not_guessed_at() -> None:
    board = _started()
    board.meter.faults = ["silent"] * 20
    while board.meter.faults:
        assert not board.taken
        board.run(1)
    board.run(120)
    assert board.taken


def test_another_meter_has_its_name_from_its_first_reading_on() -> None:
    board = _started(serial_at=[0x5000, 4])
    for index, byte in enumerate(b"AH123456"):
        word = board.meter.registers.get(0x5000 + index // 2, 0)
        board.meter.registers[0x5000 + index // 2] = word | byte << (8 if index % 2 == 0 else 0)
    board.run(600)
    board.meter.registers[0x5003] = 0x3939
    board.meter.registers[0x1003] = 1
    board.start()
    board.run(600)
    _holds(board, _drained(board))
    sources = [board.portal.rows[at]["source"] for at in sorted(board.portal.rows)]
    assert set(sources) == {"acuvim-ii 3LN/3CT SNAH123456", "acuvim-ii 1LN/3CT SNAH123499"}
    assert sources == sorted(sources, reverse=True)


def test_a_modem_that_brings_nothing_is_switched_off_and_on() -> None:
    board = _started()
    board.link.is_up = False
    board.run(2 * _HOUR)
    assert board.link.resets > 1


def test_hours_without_a_way_end_in_a_fresh_start() -> None:
    board = _started()
    board.run(60)
    board.link.is_up = False
    board.run(5 * _HOUR)
    assert board.ticks.now - board.fed_ms < 120_000
    board.run(2 * _HOUR)
    assert board.node is not None
    assert board.node.watchdog.hungry() == ["uploader"]
    assert board.ticks.now - board.fed_ms > 300_000
    board.start()
    _holds(board, _drained(board))


def test_the_first_reading_is_there_within_ten_seconds_of_a_reset() -> None:
    board = _started()
    began = board.ticks.now
    board.link.is_up = False
    board.run(60)
    assert min(board.taken.values()) * 1000 - board.true_ms() + board.ticks.now - began < 10_000


_MOODS = (
    "request lost", "answer lost", "answer cut", "never answers", "captive portal", "401", "413", "429", "500", "503",
    "connection dies afterwards",
)  # fmt: skip
_FAULTS = (
    "silent", "cut", "first byte lost", "bit", "other unit", "noise before", "echo", "late", "busy", "shorter",
)  # fmt: skip


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


def test_two_hundred_faults_by_chance() -> None:
    """Cuts of power at any byte, moods of the line, faults of the meter: no reading lost, none stored twice."""
    board = SimulatedBoard(blocks=24)
    board.set_up()
    board.start()
    for _ in range(200):
        befall(board)
        try:
            board.run(60 + board.random_below(900))
        except PowerCut:
            start_again(board)
    board.flash.cut_after = None
    board.start()
    found = _drained(board)
    _holds(board, found)
    assert board.boot > 20
    assert len(found) > 500


def test_posts_go_to_where_the_portal_takes_them() -> None:
    assert PATH == "/api/ingest/measurements"


def test_a_board_that_was_never_told_the_time_waits_for_it_without_starting_anew() -> None:
    """After another start the readings of this one could not be dated any more."""
    board = _started()
    board.link.is_up = False
    board.run(9 * _HOUR)
    assert board.node is not None
    assert board.node.watchdog.hungry() == []
    found = _drained(board)
    _holds(board, found)
    assert board.node.counters.undated == 0


def test_flash_that_holds_something_else_is_left_alone_and_readings_go_on() -> None:
    board = SimulatedBoard()
    board.set_up()
    board.flash.write(9, 200, b"somebody else's")
    before = board.flash.copy().data[6:]
    node = board.start()
    board.run(_HOUR)
    assert node.is_degraded
    _holds(board, _drained(board))
    assert board.flash.data[6:] == before


def test_a_flash_that_takes_nothing_any_more_does_not_stop_the_rest() -> None:
    board = _started()
    board.run(600)
    board.flash.stuck.update(range(board.flash.block_count()))
    board.meter_ahead_s += 3000
    board.meter.registers[0x1003] = 3
    board.run(600)
    assert board.node is not None
    assert board.node.counters.not_stored > 0
    assert board.node.watchdog.hungry() == []


def test_rows_whose_reasons_are_too_long_for_a_board_are_sent_fewer_at_once() -> None:
    board = _started()
    board.run(120)
    board.link.is_up = False
    board.run(2 * _HOUR)
    board.link.is_up = True
    board.portal.refuses = lambda row: row["time"] % 120 == 0
    board.portal.reason = "y" * 400
    found = _drained(board)
    assert board.node is not None
    assert len(board.taken) == len(found) + board.node.counters.refused
    assert board.node.counters.refused > 50


def test_a_step_without_memory_is_taken_again_with_less() -> None:
    board = _started()
    board.link.is_up = False
    board.run(_HOUR)
    node = board.node
    assert node is not None
    send, failures = node.uploader.step, []

    def short_of_memory() -> int:
        if len(failures) < 3:
            failures.append(board.ticks.now)
            raise MemoryError
        return send()

    node.uploader.step = short_of_memory
    _holds(board, _drained(board))
    assert len(failures) == 3


def test_a_meter_that_is_exchanged_for_one_like_it_is_noticed() -> None:
    board = _started(serial_at=[0x5000, 1])
    board.meter.registers[0x5000] = 0x4131
    board.run(600)
    board.meter.registers[0x5000] = 0x4132
    board.run(2 * _HOUR)
    _drained(board)
    sources = [str(board.portal.rows[at]["source"]) for at in sorted(board.portal.rows)]
    assert [sources[0], sources[-1]] == ["acuvim-ii 3LN/3CT SNA1", "acuvim-ii 3LN/3CT SNA2"]
