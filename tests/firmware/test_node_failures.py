"""A whole node when something goes wrong: each reading is stored once, or counted as dropped."""

from tests.firmware.lives import befall, drained, holds, start_again, started, without_time
from tests.firmware.simulated_board import SimulatedBoard
from tests.firmware.simulated_flash import PowerCut

HOUR = 3600


def test_nothing_is_taken_away_without_an_answer_that_says_it_is_stored() -> None:
    for mood in ("request lost", "answer lost", "answer cut", "never answers", "captive portal", "204", "302", "404",
                 "429", "500", "502", "503", "401", "403"):  # fmt: skip
        board = started()
        board.link.moods = [mood] * 6
        board.run(HOUR)
        holds(board, drained(board))


def test_a_lost_answer_makes_duplicates_and_nothing_else() -> None:
    board = started()
    board.link.moods = ["answer lost"]
    board.run(HOUR)
    holds(board, drained(board))
    assert board.portal.duplicates > 0


def test_a_connection_that_died_unnoticed_is_opened_again() -> None:
    board = started()
    board.link.moods = ["connection dies afterwards"]
    board.run(HOUR)
    holds(board, drained(board))
    assert board.node is not None
    assert board.node.counters.failed_posts == 0
    assert board.link.opened == 2


def test_a_row_that_the_portal_refuses_is_set_aside_and_the_others_go_on() -> None:
    board = started()
    board.portal.refuses = lambda row: row["time"] % 600 == 0
    board.run(2 * HOUR)
    found = drained(board)
    node = board.node
    assert node is not None
    assert len(board.taken) == len(found) + node.counters.refused
    assert node.counters.refused == node.counters.set_aside == len(node.aside.oldest(100)) > 5
    assert b"not a finite number" in node.aside.oldest(1)[0].payload


def test_too_many_rows_are_sent_in_smaller_batches() -> None:
    board = started()
    board.link.is_up = False
    board.run(2 * HOUR)
    board.portal.most_rows = 7
    holds(board, drained(board))


def test_a_row_that_makes_a_batch_unreadable_is_found_and_set_aside() -> None:
    board = started()
    board.run(120)
    board.link.is_up = False
    board.run(HOUR)
    board.portal.chokes_on = {381_100}
    found = drained(board)
    node = board.node
    assert node is not None
    assert set(board.taken) - set(found) == {381_100}
    assert node.counters.set_aside == 1


def test_a_portal_that_can_read_nothing_takes_nothing_away() -> None:
    """A proxy with a limit of no bytes, or a release gone wrong: it is not the rows."""
    board = started()
    board.run(120)
    board.portal.chokes_on = set(range(381_000, 390_000))
    board.run(12 * HOUR)
    assert board.node is not None
    assert board.node.counters.set_aside == 0
    assert board.portal.posts < 300
    board.portal.chokes_on = set()
    holds(board, drained(board))


def test_a_portal_that_refuses_every_row_is_given_a_day() -> None:
    board = started()
    board.portal.refuses = lambda row: True
    board.run(8 * HOUR)
    assert board.node is not None
    assert board.node.counters.set_aside == 0
    assert board.node.watchdog.hungry() == []
    board.portal.refuses = None
    holds(board, drained(board))


def test_an_unknown_token_is_tried_again_later_and_nothing_is_lost() -> None:
    board = started()
    board.portal.token = "another"
    board.run(10 * HOUR)
    assert board.node is not None
    posts = board.portal.posts
    assert posts < 50, "every quarter of an hour, not every minute"
    assert not board.node.uploader.is_stuck(), "a fresh start would not help"
    board.portal.token = "token"
    holds(board, drained(board))


def test_retry_after_is_waited_for() -> None:
    board = started()
    board.run(60)
    board.link.moods = ["429"]
    before = board.portal.posts
    while board.link.moods:
        board.run(1)
    board.run(80)
    assert board.portal.posts == before
    board.run(60)
    assert board.portal.posts > before


def test_a_full_flash_drops_the_oldest_and_counts_them() -> None:
    board = started()
    board.link.is_up = False
    board.run(12 * HOUR)
    node = board.node
    assert node is not None
    assert node.ring.dropped > 0
    found = drained(board)
    holds(board, found)
    missing = set(board.taken) - set(found)
    assert len(missing) == node.ring.dropped
    assert max(missing) < min(found)


def test_a_meter_that_is_silent_costs_its_own_readings_only() -> None:
    board = started()
    board.run(300)
    board.meter.faults = ["silent"] * 40
    board.run(1200)
    assert board.node is not None
    assert board.node.counters.failed_reads > 0
    assert board.node.watchdog.hungry() == []
    board.run(600)
    holds(board, drained(board))


def test_a_modem_that_brings_nothing_is_switched_off_and_on() -> None:
    board = started()
    board.link.is_up = False
    board.run(2 * HOUR)
    assert board.link.resets > 1


def test_hours_without_a_way_end_in_a_fresh_start() -> None:
    board = started()
    board.run(60)
    board.link.is_up = False
    board.run(5 * HOUR)
    assert board.ticks.now - board.fed_ms < 120_000
    board.run(2 * HOUR)
    assert board.node is not None
    assert board.node.watchdog.hungry() == ["uploader"]
    assert board.ticks.now - board.fed_ms > 300_000
    board.start()
    holds(board, drained(board))


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
    found = drained(board)
    holds(board, found)
    assert board.node is not None
    assert len(without_time(board)) <= 3  # a start whose only reading came while the meter's clock was silent
    assert board.boot > 20
    assert len(found) > 500


def test_a_board_that_was_never_told_the_time_waits_for_it_without_starting_anew() -> None:
    """After another start the readings of this one could not be dated any more."""
    board = started()
    board.link.is_up = False
    board.run(9 * HOUR)
    assert board.node is not None
    assert board.node.watchdog.hungry() == []
    found = drained(board)
    holds(board, found)
    assert board.node.counters.undated == 0


def test_flash_that_holds_something_else_is_left_alone_and_readings_go_on() -> None:
    board = SimulatedBoard()
    board.set_up()
    board.flash.write(9, 200, b"somebody else's")
    before = board.flash.copy().data[6:]
    node = board.start()
    board.run(HOUR)
    assert node.is_degraded
    holds(board, drained(board))
    assert board.flash.data[6:] == before


def test_a_flash_that_takes_nothing_any_more_does_not_stop_the_rest() -> None:
    board = started()
    board.run(600)
    board.flash.stuck.update(range(board.flash.block_count()))
    board.meter_ahead_s += 3000
    board.meter.registers[0x1003] = 3
    board.run(600)
    assert board.node is not None
    assert board.node.counters.not_stored > 0
    assert board.node.watchdog.hungry() == []


def test_rows_whose_reasons_are_too_long_for_a_board_are_sent_fewer_at_once() -> None:
    board = started()
    board.run(120)
    board.link.is_up = False
    board.run(2 * HOUR)
    board.link.is_up = True
    board.portal.refuses = lambda row: row["time"] % 120 == 0
    board.portal.reason = "y" * 400
    found = drained(board)
    assert board.node is not None
    assert len(board.taken) == len(found) + board.node.counters.refused
    assert board.node.counters.refused > 50


def test_a_step_without_memory_is_taken_again_with_less() -> None:
    board = started()
    board.link.is_up = False
    board.run(HOUR)
    node = board.node
    assert node is not None
    send, failures = node.uploader.step, []

    def short_of_memory() -> int:
        if len(failures) < 3:
            failures.append(board.ticks.now)
            raise MemoryError
        return send()

    node.uploader.step = short_of_memory
    holds(board, drained(board))
    assert len(failures) == 3
