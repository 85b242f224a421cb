"""How a span is cut into buckets, and where nothing was measured."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.history.rules.buckets import (
    MOST_BUCKETS,
    TimeSpan,
    gaps_of,
    is_of_hours,
    joined,
    whole_span,
    width_of,
)
from portal.core.history.rules.charts import CHART_KINDS
from portal.core.readings.rules.quantities import ALL_QUANTITIES

AT = datetime(2026, 5, 18, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def span(length: timedelta) -> TimeSpan:
    return TimeSpan(AT, AT + length)


@pytest.mark.parametrize(
    ("length", "width"),
    [
        (2 * HOUR, MINUTE),
        (DAY, 5 * MINUTE),
        (7 * DAY, 15 * MINUTE),
        (31 * DAY, HOUR),
        (366 * DAY, DAY),
        (3653 * DAY, 7 * DAY),
    ],
)
def test_a_span_has_as_many_buckets_as_a_picture_shows(length: timedelta, width: timedelta) -> None:
    assert width_of(span(length)) == width
    assert length / width <= MOST_BUCKETS


def test_a_month_and_more_is_never_read_reading_by_reading() -> None:
    assert is_of_hours(width_of(span(16 * DAY)))
    assert not is_of_hours(width_of(span(15 * DAY)))


def test_buckets_of_hours_take_hours_whole() -> None:
    part = TimeSpan(AT + 10 * MINUTE, AT + 70 * MINUTE)
    assert whole_span(part, HOUR) == TimeSpan(AT, AT + 2 * HOUR)
    assert whole_span(part, 5 * MINUTE) == part


def test_a_hole_between_buckets_is_a_gap() -> None:
    times = [AT + n * 5 * MINUTE for n in range(288) if not 24 <= n < 36]
    assert gaps_of(times, span(DAY), 5 * MINUTE, AT + 2 * DAY) == [TimeSpan(AT + 2 * HOUR, AT + 3 * HOUR)]


def test_a_meter_that_reports_seldom_has_no_gap_for_that() -> None:
    times = [AT + n * 15 * MINUTE for n in range(96)]
    assert gaps_of(times, span(DAY), 5 * MINUTE, AT + 2 * DAY) == []


def test_what_has_not_happened_yet_is_no_gap() -> None:
    times = [AT + n * 5 * MINUTE for n in range(12)]
    assert gaps_of(times, span(DAY), 5 * MINUTE, AT + HOUR) == []
    assert gaps_of(times, span(DAY), 5 * MINUTE, AT + 4 * HOUR) == [TimeSpan(AT + HOUR, AT + 4 * HOUR)]
    assert gaps_of([], span(DAY), 5 * MINUTE, AT - HOUR) == []


def test_a_span_without_readings_is_one_gap() -> None:
    assert gaps_of([], span(DAY), 5 * MINUTE, AT + 9 * DAY) == [span(DAY)]


def test_spans_that_touch_are_one() -> None:
    one, other = TimeSpan(AT, AT + HOUR), TimeSpan(AT + HOUR, AT + 2 * HOUR)
    apart = TimeSpan(AT + 3 * HOUR, AT + 4 * HOUR)
    assert joined([apart, other, one]) == [TimeSpan(AT, AT + 2 * HOUR), apart]


def test_every_quantity_has_a_chart() -> None:
    shown = {quantity for kind in CHART_KINDS.values() for quantity in kind.quantities}
    assert shown == set(ALL_QUANTITIES)
    assert all(len({quantity.unit for quantity in kind.quantities}) == 1 for kind in CHART_KINDS.values())
