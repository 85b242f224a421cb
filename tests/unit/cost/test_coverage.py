"""Which hours of a window are asked for, and which have energy from readings."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portal.core.cost.rules.coverage import Coverage, DayCover, MeterBeginning, coverage_of

JOBURG = ZoneInfo("Africa/Johannesburg")
START = datetime(2026, 5, 17, 22, tzinfo=UTC)  # midnight of the 18th there
DAY = timedelta(days=1)


def test_a_meter_is_asked_for_from_its_first_hour_to_the_last_that_is_over() -> None:
    meter = MeterBeginning(START + timedelta(hours=30), is_active=True)
    now = START + timedelta(hours=60, minutes=20)
    found = coverage_of([meter], [(date(2026, 5, 19), 10)], (START, START + 5 * DAY), JOBURG, now)
    assert found.days == (
        DayCover(date(2026, 5, 18), 0, 0),
        DayCover(date(2026, 5, 19), 18, 10),
        DayCover(date(2026, 5, 20), 12, 0),
    )
    assert (found.asked, found.covered, found.is_whole) == (30, 10, False)
    assert found.empty_days == (date(2026, 5, 18), date(2026, 5, 20))


def test_what_is_there_is_whole_and_nothing_is_not() -> None:
    meter = MeterBeginning(START - DAY, is_active=True)
    days = [(date(2026, 5, 18), 24)]
    whole = coverage_of([meter], days, (START, START + DAY), JOBURG, START + 9 * DAY)
    assert whole.is_whole
    assert not Coverage().is_whole


def test_a_meter_that_was_taken_out_is_asked_for_no_more() -> None:
    gone = MeterBeginning(START - DAY, is_active=False)
    days = [(date(2026, 5, 18), 7)]
    assert coverage_of([gone], days, (START, START + 2 * DAY), JOBURG, START + 9 * DAY).days == (
        DayCover(date(2026, 5, 18), 7, 7),
        DayCover(date(2026, 5, 19), 0, 0),
    )


@given(
    st.integers(0, 200), st.integers(1, 200), st.integers(-50, 300), st.integers(0, 400), st.integers(0, 3)
)
def test_every_hour_that_is_over_is_asked_for_once(
    first: int, length: int, begins: int, now: int, meters: int
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 3, 27, tzinfo=UTC)  # the clock changes two days later
    hour = timedelta(hours=1)
    window = (start + first * hour, start + (first + length) * hour)
    sending = [MeterBeginning(start + begins * hour, is_active=True)] * meters
    found = coverage_of(sending, [], window, zone, start + now * hour)
    ends = min(first + length, now)
    assert found.asked == meters * max(0, ends - max(first, begins))
    assert [each.day for each in found.days] == sorted({each.day for each in found.days})
