"""A clock that is wrong is told from readings that are late, and nobody who is late is called wrong."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.sites.rules.board_clocks import RIGHT, BoardClock, after_post

NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def heard(posts: Iterable[tuple[timedelta, timedelta]], clock: BoardClock = RIGHT) -> BoardClock:
    """What is known after posts: when each comes after NOW, and how far its newest reading is ahead of that."""
    for at, ahead in posts:
        clock = after_post(clock, NOW + at + ahead, NOW + at)
    return clock


def every(minutes: float, count: int, ahead: timedelta) -> list[tuple[timedelta, timedelta]]:
    return [(timedelta(minutes=minutes * number), ahead) for number in range(count)]


@pytest.mark.parametrize("ahead", [2 * MINUTE, timedelta(0), -2 * MINUTE])
def test_within_two_minutes_a_clock_is_right_and_nothing_is_kept(ahead: timedelta) -> None:
    assert heard(every(1, 100, ahead)) is RIGHT


def test_ahead_is_certain_at_once() -> None:
    found = heard([(timedelta(0), 2 * MINUTE + timedelta(seconds=1))])
    assert found.skew == 2 * MINUTE + timedelta(seconds=1)


def test_readings_that_are_stored_ahead_are_named_until_their_time_has_come() -> None:
    one = heard([(timedelta(0), timedelta(hours=23))])
    true = heard(every(1, 1378, timedelta(0)), one)
    assert true.skew == timedelta(hours=23)
    assert heard([(timedelta(minutes=1378), timedelta(0))], true) is RIGHT


def test_what_was_too_far_ahead_to_be_stored_is_forgotten_with_the_next_true_reading() -> None:
    far = heard([(timedelta(0), 4 * DAY)])
    assert far.skew == 4 * DAY
    assert heard([(MINUTE, timedelta(0))], far) is RIGHT


def test_a_clock_that_was_never_set_is_named_at_once_and_until_it_is_set() -> None:
    unset = heard([(timedelta(0), datetime(2000, 1, 1, tzinfo=UTC) - NOW)])
    assert unset.skew is not None
    assert unset.skew < -9000 * DAY
    assert heard([(MINUTE, -DAY)], unset).skew is None
    assert heard([(MINUTE, timedelta(0))], unset) is RIGHT


@pytest.mark.parametrize("stamp", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_a_clock_at_an_end_of_the_calendar_may_be_followed_by_late_readings(stamp: datetime) -> None:
    far = heard([(timedelta(0), stamp - NOW)])
    late = heard([(MINUTE, -10 * MINUTE)], far)
    assert late.skew == (None if stamp < NOW else far.skew)
    assert heard([(2 * MINUTE, timedelta(0))], late) is RIGHT


@pytest.mark.parametrize("behind", [3 * MINUTE, timedelta(hours=1), 400 * DAY])
def test_always_behind_by_the_same_is_a_clock_that_is_behind(behind: timedelta) -> None:
    assert heard(every(3, 4, -behind)).skew is None
    assert heard(every(2, 5, -behind)).skew is None
    assert heard(every(3, 5, -behind)).skew == -behind
    jitter = [(at, ahead - (index % 2) * MINUTE) for index, (at, ahead) in enumerate(every(3, 5, -behind))]
    assert heard(jitter).skew == -behind


def test_a_known_skew_is_written_no_more_while_it_stays() -> None:
    behind = heard(every(3, 5, -timedelta(hours=1)))
    assert (
        heard([(15 * MINUTE, -timedelta(hours=1)), (18 * MINUTE, -timedelta(hours=1) - MINUTE)], behind)
        is behind
    )
    assert heard([(15 * MINUTE, -DAY)], behind).skew == behind.skew
    assert heard([(15 * MINUTE + at, ahead) for at, ahead in every(3, 5, -DAY)], behind).skew == -DAY
    assert heard([(15 * MINUTE, timedelta(0))], behind) is RIGHT


@given(
    st.floats(0.5, 5000).filter(lambda minutes: not 0.8 <= minutes <= 1.2),
    st.floats(0.02, 30),
    st.integers(1, 400),
)
def test_whoever_works_off_a_backlog_is_late_and_not_wrong(
    minutes_in_a_minute: float, pause: float, posts: int
) -> None:
    """A day is sent in order, `minutes_in_a_minute` of it in each minute, one post after each `pause` (minutes)."""
    late = [
        (
            timedelta(minutes=pause * number),
            -DAY + timedelta(minutes=pause * number * (minutes_in_a_minute - 1)),
        )
        for number in range(posts)
    ]
    assert heard(post for post in late if post[1] < 2 * MINUTE).skew is None


def test_the_same_rows_again_and_again_are_no_clock() -> None:
    retries = [
        (timedelta(seconds=30 * number), -5 * MINUTE - timedelta(seconds=30 * number))
        for number in range(200)
    ]
    assert heard(retries).skew is None


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(-600, 600)), max_size=40))
def test_a_post_of_a_right_clock_ends_whatever_was_thought_once_nothing_is_ahead(
    posts: list[tuple[float, float]],
) -> None:
    at = timedelta(0)
    clock = RIGHT
    for pause, ahead in posts:
        at += timedelta(minutes=pause)
        clock = heard([(at, timedelta(minutes=ahead))], clock)
    assert heard([(at + timedelta(minutes=600), timedelta(0))], clock) is RIGHT
