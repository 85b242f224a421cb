"""Instants are aware UTC; local days follow their zone."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from portal.core.values.time import (
    floor_day,
    floor_hour,
    is_zone,
    iso_utc,
    local_midnight,
    parse_instant,
    reading_time_problem,
    require_aware,
    week_start,
)

NOW = datetime(2026, 5, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-05-18T08:00:00Z", "2026-05-18T10:00:00+02:00", "2026-05-18T10:00:00+0200", " 2026-05-18 08:00Z "],
)
def test_times_with_an_offset_become_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 5, 18, 8, tzinfo=UTC)
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["2026-05-18T08:00:00", "2026-05-18"])
def test_a_time_without_an_offset_is_refused_and_told_what_is_missing(text: str) -> None:
    with pytest.raises(ValueError, match="no UTC offset"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30T08:00:00Z", "1779091200", "2026-05-18T25:00:00Z"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_instant(text)


@pytest.mark.parametrize("value", [None, 1779091200, 3.5])
def test_what_is_no_text_is_refused_the_same_way(value: object) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_instant(value)  # type: ignore[arg-type]


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        parse_instant("0001-01-01T00:00:00+14:00")


def test_naive_datetimes_are_refused_everywhere() -> None:
    naive = datetime(2026, 5, 18, 8)  # noqa: DTZ001
    for function in (require_aware, floor_hour, week_start, iso_utc):
        with pytest.raises(ValueError, match="offset"):
            function(naive)


def test_iso_is_utc_with_z_and_microseconds_only_where_there_are_any() -> None:
    assert iso_utc(datetime(2026, 5, 18, 10, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-18T08:00:00Z"
    precise = datetime(2026, 5, 18, 8, 0, 0, 5, tzinfo=UTC)
    assert iso_utc(precise) == "2026-05-18T08:00:00.000005Z"
    assert parse_instant(iso_utc(precise)) == precise


def test_hours_and_weeks_are_those_of_utc() -> None:
    kathmandu = datetime(2026, 5, 18, 3, 20, tzinfo=ZoneInfo("Asia/Kathmandu"))  # 21:35 UTC on Sunday
    assert floor_hour(kathmandu) == datetime(2026, 5, 17, 21, tzinfo=UTC)
    assert floor_day(kathmandu) == datetime(2026, 5, 17, tzinfo=UTC)
    assert week_start(kathmandu) == datetime(2026, 5, 11, tzinfo=UTC)
    assert week_start(datetime(2026, 5, 18, tzinfo=UTC)) == datetime(2026, 5, 18, tzinfo=UTC)


def test_local_days_are_23_or_25_hours_apart_where_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    lengths = [
        local_midnight(date(2026, month, day + 1), berlin) - local_midnight(date(2026, month, day), berlin)
        for month, day in [(3, 29), (10, 25), (5, 1)]
    ]
    assert lengths == [timedelta(hours=hours) for hours in (23, 25, 24)]
    assert local_midnight(date(2026, 5, 18), ZoneInfo("Africa/Johannesburg")) == datetime(
        2026, 5, 17, 22, tzinfo=UTC
    )


def test_a_day_whose_midnight_does_not_exist_begins_when_clocks_jump() -> None:
    # Beirut, 2026-03-29: 00:00 becomes 01:00.
    start = local_midnight(date(2026, 3, 29), ZoneInfo("Asia/Beirut"))
    assert start == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert start.astimezone(ZoneInfo("Asia/Beirut")).isoformat() == "2026-03-29T01:00:00+03:00"


def test_a_day_whose_midnight_comes_twice_begins_at_the_first() -> None:
    # Havana, 2026-11-01: 01:00 becomes 00:00.
    assert local_midnight(date(2026, 11, 1), ZoneInfo("America/Havana")) == datetime(
        2026, 11, 1, 4, tzinfo=UTC
    )


def test_readings_from_boards_without_a_clock_are_named() -> None:
    assert "2010" in (reading_time_problem(datetime(2000, 1, 1, tzinfo=UTC), NOW) or "")
    assert "ahead" in (reading_time_problem(NOW + timedelta(hours=24, microseconds=1), NOW) or "")
    assert reading_time_problem(NOW + timedelta(hours=24), NOW) is None
    assert reading_time_problem(datetime(2010, 1, 1, tzinfo=UTC), NOW) is None


@pytest.mark.parametrize("name", ["Africa/Johannesburg", "UTC", "Asia/Kathmandu"])
def test_zones_of_the_database_are_known(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "africa/johannesburg", "../etc/passwd", "+02:00", "localtime"]
)
def test_other_names_are_no_zones(name: str) -> None:
    assert not is_zone(name)
