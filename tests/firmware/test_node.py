"""A whole node on ordinary days: when it reads, what time it is, which meter it says it has."""

from node.quantities import EIGHT
from node.uploader import PATH
from tests.firmware.checks import NAMES
from tests.firmware.lives import drained, holds, started

HOUR = 3600


def test_hours_of_an_ordinary_day() -> None:
    board = started()
    board.run(3 * HOUR)
    found = drained(board)
    holds(board, found)
    assert board.portal.duplicates == 0
    seconds = sorted(board.portal.rows)
    assert [at % 60 for at in seconds[1:]] == [0] * 180
    row = board.portal.rows[seconds[5]]
    assert set(row) == set(["time", "source"] + [NAMES[index] for index in EIGHT])
    assert row["source"] == "acuvim-ii 3LN/3CT"
    assert row["activePowerKw"] == 6.8883


def test_the_year_ends_between_two_readings() -> None:
    board = started()
    board.run(1200)
    found = drained(board)
    holds(board, found)
    assert 1_798_761_600 in found.values()
    assert 1_798_761_540 in found.values()


def test_the_meter_is_read_on_its_minutes_whatever_the_modem_does() -> None:
    """One of the ways of losing data: code of the modem that blocks, in the same loop."""
    board = started()
    board.run(120)
    board.link.moods = ["never answers"] * 50
    board.link.is_up = False
    board.run(600)
    board.link.is_up = True
    board.run(HOUR)
    times = sorted(board.taken.values())
    assert max([times[index + 1] - times[index] for index in range(1, len(times) - 1)]) <= 61
    holds(board, drained(board))


def test_a_connection_is_used_again_while_it_lasts() -> None:
    board = started()
    board.run(HOUR)
    assert board.portal.posts >= 10
    assert board.link.opened == 1


def test_readings_before_the_time_is_known_are_dated_by_it() -> None:
    board = started()
    board.link.knows_time = False
    board.run(1800)
    assert not board.portal.posts, "nothing is sent, and no certificate believed, before the time is known"
    holds(board, drained(board))
    assert min(board.portal.rows) < 1_798_761_000 + 60


def test_they_are_dated_after_a_reset_too() -> None:
    board = started()
    board.link.knows_time = False
    board.run(900)
    board.link.knows_time = True
    board.link.moods = ["request lost"] * 100
    board.run(300)
    board.start()
    holds(board, drained(board))
    assert min(board.portal.rows) < 1_798_761_000 + 60


def test_a_reading_whose_time_will_never_be_known_is_set_aside_and_counted() -> None:
    board = started()
    board.link.knows_time = False
    board.run(300)
    lost = set(board.taken)
    node = board.start()
    found = drained(board)
    assert set(board.taken) - set(found) == lost
    assert node.counters.undated == len(lost)
    assert len(node.aside.oldest(100)) == len(lost)


def test_a_start_without_a_network_knows_the_time_by_the_meter() -> None:
    """The power fails, the network with it, and the power fails again: the readings in between have their time."""
    board = started()
    board.run(600)
    board.link.is_up = False
    for _ in range(3):
        board.start()
        board.run(1800)
    assert board.node is not None
    assert board.node.clock.now_ms() is None
    holds(board, drained(board))
    assert board.node.counters.undated == 0


def test_a_guess_holds_for_the_last_reading_of_a_start_though_the_first_were_sent_long_ago() -> None:
    board = started()
    board.run(600)
    board.link.is_up = False
    board.start()
    board.run(HOUR)
    board.link.is_up = True
    for _ in range(20):
        board.node = board.start()
        board.node.target.most_rows = board.node.uploader._most_rows = 4
        board.link.moods = ["", "request lost"] * 2
        board.run(20)
    holds(board, drained(board))


def test_a_guess_is_mended_when_the_network_comes_back() -> None:
    """Somebody sets the meter's clock while the board is without power and network: nothing was sent by it yet."""
    board = started()
    board.run(600)
    board.link.is_up = False
    board.meter_ahead_s += 5000
    board.start()
    board.run(1800)
    holds(board, drained(board))


def test_a_guess_has_to_do_where_nobody_on_the_way_knows_the_time() -> None:
    board = started()
    board.run(600)
    board.start()
    board.link.knows_time = False
    posts = board.portal.posts
    board.run(2 * HOUR)
    assert board.portal.posts > posts
    board.start()
    holds(board, drained(board))


def test_how_wrong_the_meters_clock_is_is_not_written_down_every_hour() -> None:
    board = started()
    board.run(600)
    erases = sum(board.flash.erases[:2])
    board.run(5 * HOUR)
    assert sum(board.flash.erases[:2]) == erases
    board.meter_ahead_s += 100
    board.run(2 * HOUR)
    assert sum(board.flash.erases[:2]) == erases + 1


def test_the_servers_time_sets_a_clock_that_is_wrong() -> None:
    board = started()
    board.link.wrong_by_ms = 3_600_000
    board.run(120)
    board.portal.says = {"serverTime": "2026-12-31T23:59:00.123456Z", "clockSkewSeconds": 3600}
    assert board.node is not None
    while not board.node.clock.steps:
        board.run(1)
    assert abs((board.node.clock.now_ms() or 0) // 1000 - 1_798_761_540) < 5


def test_a_register_that_rolls_over_or_is_cleared_is_sent_as_it_is() -> None:
    """What it means is for the portal to judge."""
    board = started()
    board.meter.registers.update({0x4048: 999_999_995 >> 16, 0x4049: 999_999_995 & 0xFFFF})
    board.run(600)
    board.meter.registers.update({0x4048: 0, 0x4049: 100})
    board.run(600)
    found = drained(board)
    holds(board, found)
    assert [count in found for count in (999_999_999, 0, 1, 100, 101)] == [True] * 5


def test_a_start_knows_the_meter_of_before_while_it_is_silent() -> None:
    board = started()
    board.meter.registers[0x1003] = 3
    board.run(120)
    board.meter.faults = ["silent"] * 3  # how it is set up cannot be asked; the reading after it can
    node = board.start()
    board.run(5)
    assert node.counters.taken == 1
    drained(board)
    assert {row["source"] for row in board.portal.rows.values()} == {"acuvim-ii 3LL/3CT"}


def test_a_meter_of_which_nothing_is_known_is_not_guessed_at() -> None:
    board = started()
    board.meter.faults = ["silent"] * 20
    while board.meter.faults:
        assert not board.taken
        board.run(1)
    board.run(120)
    assert board.taken


def test_another_meter_has_its_name_from_its_first_reading_on() -> None:
    board = started(serial_at=[0x5000, 4])
    for index, byte in enumerate(b"AH123456"):
        word = board.meter.registers.get(0x5000 + index // 2, 0)
        board.meter.registers[0x5000 + index // 2] = word | byte << (8 if index % 2 == 0 else 0)
    board.run(600)
    board.meter.registers[0x5003] = 0x3939
    board.meter.registers[0x1003] = 1
    board.start()
    board.run(600)
    holds(board, drained(board))
    sources = [board.portal.rows[at]["source"] for at in sorted(board.portal.rows)]
    assert set(sources) == {"acuvim-ii 3LN/3CT SNAH123456", "acuvim-ii 1LN/3CT SNAH123499"}
    assert sources == sorted(sources, reverse=True)


def test_the_first_reading_is_there_within_ten_seconds_of_a_reset() -> None:
    board = started()
    began = board.ticks.now
    board.link.is_up = False
    board.run(60)
    assert min(board.taken.values()) * 1000 - board.true_ms() + board.ticks.now - began < 10_000


def test_posts_go_to_where_the_portal_takes_them() -> None:
    assert PATH == "/api/ingest/measurements"


def test_a_meter_that_is_exchanged_for_one_like_it_is_noticed() -> None:
    board = started(serial_at=[0x5000, 1])
    board.meter.registers[0x5000] = 0x4131
    board.run(600)
    board.meter.registers[0x5000] = 0x4132
    board.run(2 * HOUR)
    drained(board)
    sources = [str(board.portal.rows[at]["source"]) for at in sorted(board.portal.rows)]
    assert [sources[0], sources[-1]] == ["acuvim-ii 3LN/3CT SNA1", "acuvim-ii 3LN/3CT SNA2"]
