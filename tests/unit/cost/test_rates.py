"""The rate calendar: local time, daylight saving, tariff changes, whole UTC hours."""

import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.tariffs.rules.tariffs import Period, active_tariff
from tests.unit.cost.usages import RateSlot, rate_slots
from tests.unit.tariffs.tariff_examples import rate_at, tariff

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def slot(start: datetime, end: datetime, rate: str, name: str | None) -> RateSlot:
    return RateSlot(start, end, 1, Decimal(rate), Decimal("0.15"), name, None)


def test_a_monday_in_johannesburg() -> None:
    assert rate_slots([tariff()], JOHANNESBURG, utc(5, 17, 22), utc(5, 18, 22)) == [
        slot(utc(5, 17, 22), utc(5, 18, 15), "2.50", None),
        slot(utc(5, 18, 15), utc(5, 18, 18), "3.75", "Peak"),
        slot(utc(5, 18, 18), utc(5, 18, 22), "2.50", None),
    ]


def test_a_weekend_is_one_slot() -> None:
    assert rate_slots([tariff()], JOHANNESBURG, utc(5, 15, 22), utc(5, 17, 22)) == [
        slot(utc(5, 15, 22), utc(5, 17, 22), "1.20", "Off-Peak")
    ]


def test_peak_follows_the_local_clock_through_daylight_saving() -> None:
    def peak_starts(day: int) -> datetime:
        slots = rate_slots([tariff()], BERLIN, utc(3, day), utc(3, day + 1))
        return next(slot.start_at for slot in slots if slot.period_name == "Peak")

    assert peak_starts(27) == utc(3, 27, 16)  # Friday, +01:00
    assert peak_starts(30) == utc(3, 30, 15)  # Monday, +02:00


def test_the_hour_that_comes_twice_is_two_hours_of_its_rate() -> None:
    night = tariff(Period("Night", 64, time(2), time(3), Decimal(1)))
    slots = rate_slots([night], BERLIN, utc(10, 25), utc(10, 26))
    assert [(s.start_at, s.end_at) for s in slots if s.period_name] == [(utc(10, 25, 0), utc(10, 25, 2))]


def test_a_tariff_change_falls_on_local_midnight() -> None:
    old, new = tariff(effective_to=date(2026, 6, 30)), tariff(id=2, effective_from=date(2026, 7, 1))
    slots = rate_slots([old, new], JOHANNESBURG, utc(6, 30, 20), utc(7, 1, 0))
    assert [(s.start_at, s.tariff_id) for s in slots] == [(utc(6, 30, 20), 1), (utc(6, 30, 22), 2)]


def test_hours_without_a_tariff_are_left_out() -> None:
    windowed = tariff(effective_from=date(2026, 5, 19), effective_to=date(2026, 5, 19))
    slots = rate_slots([windowed], ZoneInfo("UTC"), utc(5, 18), utc(5, 22))
    assert (slots[0].start_at, slots[-1].end_at) == (utc(5, 19), utc(5, 20))
    assert rate_slots([], JOHANNESBURG, utc(5, 18), utc(5, 19)) == []
    assert rate_slots([tariff()], JOHANNESBURG, utc(5, 18), utc(5, 18)) == []


def test_exactly_the_window_is_covered() -> None:
    (only,) = rate_slots([tariff()], JOHANNESBURG, utc(5, 18, 8, 40), utc(5, 18, 10, 20))
    assert (only.start_at, only.end_at) == (utc(5, 18, 8, 40), utc(5, 18, 10, 20))


def test_a_rate_changes_within_the_utc_hour_where_zones_are_off_by_half_an_hour() -> None:
    slots = rate_slots([tariff()], ZoneInfo("Asia/Kolkata"), utc(5, 18), utc(5, 19))
    # 17:00 in Kolkata is 11:30 UTC.
    assert next(s.start_at for s in slots if s.period_name) == utc(5, 18, 11, 30)


@given(
    st.sampled_from(["Africa/Johannesburg", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"]),
    st.integers(0, 360),
    st.integers(1, 60),
)
@settings(max_examples=25, deadline=None)
def test_slots_say_what_each_hour_says(zone_name: str, first_day: int, hours: int) -> None:
    zone = ZoneInfo(zone_name)
    tariffs = [
        tariff(Period("Night", 127, time(22), time(6), Decimal(1)), effective_to=date(2026, 6, 30)),
        tariff(id=2, effective_from=date(2026, 4, 1)),
    ]
    start = utc(1, 1) + timedelta(days=first_day)
    slots = rate_slots(tariffs, zone, start, start + hours * HOUR)
    for before, after in pairwise(slots):
        assert before.end_at <= after.start_at
        assert before.end_at < after.start_at or before[2:] != after[2:]
    for number in range(hours):
        hour = start + number * HOUR
        found = [s for s in slots if s.start_at <= hour < s.end_at]
        local = hour.astimezone(zone)
        active = active_tariff(tariffs, local.date())
        expected = [] if active is None else [(active.id, *rate_at(active, local))]
        assert [(s.tariff_id, s.rate_per_kwh, s.period_name) for s in found] == expected


def test_a_leap_year_of_hours_is_quick() -> None:
    began = stopwatch.process_time()
    slots = rate_slots([tariff()], JOHANNESBURG, utc(1, 1), utc(1, 1) + timedelta(days=366))
    took = stopwatch.process_time() - began
    assert len(slots) > 600
    assert took < 1.0  # 12 ms on a quiet machine; this only catches a change of order
