"""Ranges of days, both ends included."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ui.range_picker import QUICK_RANGES, DayRange, parse_days, quick_key, quick_range, stepped

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("today", TODAY, TODAY),
        ("yesterday", date(2026, 11, 19), date(2026, 11, 19)),
        ("last-7-days", date(2026, 11, 14), TODAY),
        ("last-30-days", date(2026, 10, 22), TODAY),
        ("this-month", date(2026, 11, 1), TODAY),
        ("last-month", date(2026, 10, 1), date(2026, 10, 31)),
        ("this-year", date(2026, 1, 1), TODAY),
    ],
)
def test_quick_ranges_are_the_days_they_say(key: str, first: date, last: date) -> None:
    assert quick_range(key, TODAY) == DayRange(first, last)


@pytest.mark.parametrize(
    ("days", "before", "after"),
    [
        (("2026-11-18", "2026-11-18"), ("2026-11-17", "2026-11-17"), ("2026-11-19", "2026-11-19")),
        (("2026-11-14", "2026-11-20"), ("2026-11-07", "2026-11-13"), None),
        (("2026-11-01", "2026-11-20"), ("2026-10-01", "2026-10-31"), None),
        (("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30"), ("2026-11-01", "2026-11-20")),
        (("2026-01-01", "2026-11-20"), ("2025-01-01", "2025-12-31"), None),
        (("2025-01-01", "2025-12-31"), ("2024-01-01", "2024-12-31"), ("2026-01-01", "2026-11-20")),
        (("2026-02-10", "2026-03-11"), ("2026-01-11", "2026-02-09"), ("2026-03-12", "2026-04-10")),
    ],
)
def test_steps_lead_to_the_days_beside(
    days: tuple[str, str], before: tuple[str, str], after: tuple[str, str] | None
) -> None:
    here = parse_days(*days)
    assert here is not None
    assert stepped(here, -1, TODAY) == parse_days(*before)
    assert stepped(here, 1, TODAY) == (here if after is None else parse_days(*after))


def test_an_unknown_key_is_no_range() -> None:
    assert quick_range("for ever", TODAY) is None


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)), st.sampled_from(QUICK_RANGES))
def test_a_quick_range_is_recognised_by_its_days(today: date, quick: tuple[str, str]) -> None:
    days = quick_range(quick[0], today)
    assert days is not None
    assert quick_range(quick_key(days, today), today) == days


def test_other_days_are_no_quick_range() -> None:
    assert quick_key(DayRange(TODAY - timedelta(days=2), TODAY), TODAY) == ""


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("", ""),
        ("2026-05-18", ""),
        ("yesterday", "2026-05-18"),
        ("2026-05-19", "2026-05-18"),
        ("2026-02-30", "2026-03-01"),
        ("0001-01-01", "0001-01-02"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_what_is_not_a_range_is_not_taken_for_one(first: str, last: str) -> None:
    assert parse_days(first, last) is None


def test_one_day_is_a_range() -> None:
    assert parse_days("2026-05-18", "2026-05-18") == DayRange(date(2026, 5, 18), date(2026, 5, 18))
