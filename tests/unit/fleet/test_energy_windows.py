"""A local window is whole UTC days and the hours beside them: each hour of it once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.fleet.rules.energy_windows import EnergyWindow, bounds, parts_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 5, 18, tzinfo=UTC)
INSTANTS = st.integers(0, 60 * 24 * 40).map(lambda minutes: BEGIN + timedelta(minutes=minutes))


def hours_of(window: EnergyWindow) -> list[datetime]:
    """Every hour that its parts have, as often as they have it; those that are taken away less often."""
    parts = parts_of(window)
    first_day = datetime.combine(parts.first_day, datetime.min.time(), UTC)
    end_day = datetime.combine(parts.end_day, datetime.min.time(), UTC)
    spans = (
        (parts.head_from, parts.head_to, parts.head_sign),
        (first_day, end_day, 1),
        (parts.tail_from, parts.tail_to, parts.tail_sign),
    )
    times: Counter[datetime] = Counter()
    for first, end, sign in spans:
        for number in range((end - first) // HOUR):
            times[first + number * HOUR] += sign
    assert all(times[at] >= 0 for at in times)
    return list(times.elements())


@given(INSTANTS, st.integers(0, 60 * 24 * 9))
def test_every_hour_that_begins_in_the_window_is_counted_once(first: datetime, minutes: int) -> None:
    window = EnergyWindow("X", first, first + timedelta(minutes=minutes))
    wanted = [BEGIN + number * HOUR for number in range(24 * 50)]
    assert sorted(hours_of(window)) == [at for at in wanted if window.from_at <= at < window.to_at]


def test_today_in_johannesburg_is_two_hours_and_a_day() -> None:
    parts = parts_of(EnergyWindow("Africa/Johannesburg", BEGIN - 2 * HOUR, BEGIN + DAY))
    assert (parts.head_from, parts.head_to) == (BEGIN - 2 * HOUR, BEGIN)
    assert (parts.first_day, parts.end_day) == (BEGIN.date(), (BEGIN + DAY).date())
    assert parts.tail_from == parts.tail_to


def test_no_end_of_a_window_takes_more_than_half_a_day_of_hours() -> None:
    for shift in range(24):
        parts = parts_of(EnergyWindow(None, BEGIN + shift * HOUR, BEGIN + 9 * DAY + shift * HOUR))
        assert parts.head_to - parts.head_from <= DAY / 2
        assert parts.tail_to - parts.tail_from <= DAY / 2


@pytest.mark.parametrize("minutes", [0, 30])
def test_bounds_hold_all_windows(minutes: int) -> None:
    windows = [
        EnergyWindow(None, BEGIN - shift * HOUR + timedelta(minutes=minutes), BEGIN + 2 * DAY)
        for shift in (2, 9)
    ]
    parts = [parts_of(window) for window in windows]
    found = bounds(parts)
    assert found["least_head"] == min(each.head_from for each in parts)
    assert found["most_day"] == (BEGIN + 2 * DAY).date()
