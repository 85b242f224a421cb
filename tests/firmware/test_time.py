"""Time on a board without a clock, and when the meter is read by it."""

from node.cadence import Cadence
from node.clock import EARLIEST_S, Clock, seconds_of, seconds_of_text
from node.ports import Board
from node.watchdog import Watchdog
from tests.firmware.simulated_meter import VirtualTicks

_NOON_MS = 1_800_014_400_000  # 2027-01-15 12:00 UTC


def test_uptime_goes_on_over_wraps_of_the_counter() -> None:
    ticks = VirtualTicks((1 << 30) - 500)
    clock = Clock(ticks, 1)
    for day in range(1, 40):
        ticks.sleep_ms(86_400_000)
        assert clock.uptime_ms() == day * 86_400_000


def test_there_is_no_time_until_somebody_says_it() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    assert clock.now_ms() is None
    for wrong_s in (0, 946_684_800, 1_072_915_200, EARLIEST_S - 1, 1 << 40):  # 1970, 2000, 2004
        assert not clock.set(wrong_s * 1000)
    assert clock.now_ms() is None
    ticks.sleep_ms(61_700)
    assert clock.set(_NOON_MS)
    ticks.sleep_ms(1_300)
    assert clock.now_ms() == _NOON_MS + 1_300
    # When the board had run for 61 s it was 0.7 s before noon.
    assert clock.first_sync == (61, _NOON_MS // 1000 - 1)


def test_a_step_counts_and_the_first_time_of_a_boot_stays() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    clock.set(_NOON_MS)
    first = clock.first_sync
    clock.set(_NOON_MS + 500)
    assert clock.steps == 0
    clock.set(_NOON_MS - 3_600_000)
    assert clock.steps == 1
    assert clock.now_ms() == _NOON_MS - 3_600_000
    assert clock.first_sync == first


def test_dates_are_counted_over_leap_days_and_years_ends() -> None:
    assert seconds_of(1970, 1, 1) == 0
    assert seconds_of(2000, 1, 1) == 946_684_800
    assert seconds_of(2028, 2, 29, 23, 59, 59) + 1 == seconds_of(2028, 3, 1)
    assert seconds_of(2026, 12, 31, 23, 59, 59) + 1 == seconds_of(2027, 1, 1) == 1_798_761_600
    assert seconds_of_text("2026-12-31T23:59:59Z") == 1_798_761_599
    for text in ("", "2026-12-31", "2026-12-31 23:59:59Z", "2026-12-31T23:59:59", "20xx-12-31T23:59:59Z"):
        assert seconds_of_text(text) is None


def _readings(ticks: VirtualTicks, clock: Clock, cadence: Cadence, until_ms: int) -> "list[int]":
    """Return at what times readings were taken, of a loop that sleeps as it is told, a second at most."""
    taken: list[int] = []
    while ticks.now < until_ms:
        wait_ms = cadence.wait_ms()
        if wait_ms:
            ticks.sleep_ms(min(wait_ms, 1000))
        else:
            taken.append(clock.now_ms() or clock.uptime_ms())
            ticks.sleep_ms(300)
            cadence.take()
    return taken


def test_the_meter_is_read_at_once_and_then_on_round_minutes() -> None:
    ticks = VirtualTicks(7_777)
    clock = Clock(ticks, 1)
    clock.set(_NOON_MS + 17_345)
    taken = _readings(ticks, clock, Cadence(clock), ticks.now + 600_000)
    assert taken[0] == _NOON_MS + 17_345
    assert taken[1:] == [_NOON_MS + 60_000 * minute for minute in range(1, 11)]


def test_it_is_read_by_the_counter_until_the_time_is_known() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    cadence = Cadence(clock)
    assert _readings(ticks, clock, cadence, 200_000) == [0, 60_000, 120_000, 180_000]
    clock.set(_NOON_MS + 30_000)
    # Never two in one period, never two minutes without one.
    assert _readings(ticks, clock, cadence, 300_000) == [_NOON_MS + 60_000, _NOON_MS + 120_000]


def test_a_minute_that_was_late_does_not_move_the_next() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    clock.set(_NOON_MS)
    cadence = Cadence(clock)
    cadence.take()
    ticks.sleep_ms(99_000)
    assert _readings(ticks, clock, cadence, 300_000) == [_NOON_MS + 99_000] + [
        _NOON_MS + minute * 60_000 for minute in (2, 3, 4)
    ]


def test_no_instant_is_read_twice_when_the_clock_goes_back_a_little() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    clock.set(_NOON_MS)
    cadence = Cadence(clock)
    assert _readings(ticks, clock, cadence, 60_500) == [_NOON_MS, _NOON_MS + 60_000]
    clock.set(_NOON_MS + 57_000)
    assert _readings(ticks, clock, cadence, 125_000) == [_NOON_MS + 120_000]


def test_a_step_of_hours_does_not_stop_the_readings() -> None:
    ticks = VirtualTicks()
    clock = Clock(ticks, 1)
    clock.set(_NOON_MS)
    cadence = Cadence(clock)
    _readings(ticks, clock, cadence, 60_500)
    clock.set(_NOON_MS - 7_200_000)
    assert _readings(ticks, clock, cadence, 181_000)[0] < _NOON_MS - 7_198_000
    clock.set(_NOON_MS + 86_400_000)
    assert len(_readings(ticks, clock, cadence, 301_000)) >= 2


class _Fed(Board):
    def __init__(self) -> None:
        self.times = 0

    def feed(self) -> None:
        self.times += 1


def test_the_watchdog_is_fed_only_while_both_are_alive() -> None:
    ticks = VirtualTicks()
    board = _Fed()
    watchdog = Watchdog(Clock(ticks, 1), board)
    sampler, uploader = watchdog.feeder("sampler", 180_000), watchdog.feeder("uploader", 600_000)
    ticks.sleep_ms(170_000)
    watchdog.check()
    assert board.times == 1
    sampler.feed()
    ticks.sleep_ms(170_000)
    watchdog.check()
    assert board.times == 2
    ticks.sleep_ms(20_000)
    uploader.feed()
    watchdog.check()
    assert (board.times, watchdog.hungry()) == (2, ["sampler"])
    sampler.feed()
    ticks.sleep_ms(100_000)
    sampler.feed()
    ticks.sleep_ms(550_000)
    sampler.feed()
    watchdog.check()
    assert (board.times, watchdog.hungry()) == (2, ["uploader"])
