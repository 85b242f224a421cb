"""How numbers, money and times read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.ui import formats

THIN, NO_BREAK, MINUS = "\u2009", "\u00a0", "\u2212"
NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Decimal("1234567.891"), 2, f"1{THIN}234{THIN}567.89"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("-0.005"), 2, f"{MINUS}0.01"),
        (Decimal("-0.004"), 2, "0.00"),
        (999.995, 2, f"1{THIN}000.00"),
        (7, 0, "7"),
        (None, 2, formats.MISSING),
    ],
)
def test_numbers(value: Decimal | None, decimals: int, text: str) -> None:
    assert formats.number(value, decimals) == text


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=6))
def test_a_number_reads_back_to_within_half_a_step(value: Decimal) -> None:
    text = formats.number(value, 2).replace(THIN, "").replace(MINUS, "-")
    assert abs(Decimal(text) - value) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"),
        ("56", "56.00"),
        ("999.99", "999.99"),
        ("1000", f"1{THIN}000.0"),
        ("123456.7", f"123{THIN}457"),
    ],
)
def test_energy_has_fewer_decimals_the_larger_it_is(value: str, text: str) -> None:
    assert formats.kwh(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1234.56", "ZAR", f"R{NO_BREAK}1{THIN}234.56"),
        ("161", "EUR", f"\u20ac{NO_BREAK}161.00"),
        ("-12.3", "ZAR", f"{MINUS}R{NO_BREAK}12.30"),
        ("5", "NAD", f"NAD{NO_BREAK}5.00"),
    ],
)
def test_money_names_its_currency(value: str, currency: str, text: str) -> None:
    assert formats.money(Decimal(value), currency) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=-5), "in the future"),
        (timedelta(minutes=3, seconds=50), "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=9), "9 days ago"),
    ],
)
def test_how_long_ago(ago: timedelta, text: str) -> None:
    assert formats.relative(NOW - ago, NOW) == text


def test_what_never_was_is_said_so() -> None:
    assert formats.relative(None, NOW) == "never"
    assert formats.utc_time(None) == ""
    assert formats.local_time(None, "UTC") == formats.MISSING


def test_times_are_shown_in_the_zone_asked_for_and_in_utc() -> None:
    at = datetime(2026, 5, 18, 22, 30, tzinfo=UTC)
    assert formats.local_time(at, "Africa/Johannesburg") == "19 May 2026, 00:30"
    assert formats.local_date(at, ZoneInfo("Africa/Johannesburg")) == "19 May 2026"
    assert formats.near_time(at, "Africa/Johannesburg") == "19 May, 00:30"
    assert formats.utc_time(at.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-05-18 22:30:00 UTC"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 5, 18), date(2026, 5, 18), "18 May 2026"),
        (date(2026, 5, 18), date(2026, 5, 19), "18 \u2013 19 May 2026"),
        (date(2026, 5, 18), date(2026, 6, 1), "18 May \u2013 1 Jun 2026"),
        (date(2025, 12, 31), date(2026, 1, 1), "31 Dec 2025 \u2013 1 Jan 2026"),
    ],
)
def test_ranges_of_days_say_nothing_twice(first: date, last: date, text: str) -> None:
    assert formats.day_range(first, last) == text


@pytest.mark.parametrize(
    ("mask", "text"), [(31, "MTWTF--"), (96, "-----SS"), (127, "MTWTFSS"), (0, "-------")]
)
def test_days_of_the_week_start_on_monday(mask: int, text: str) -> None:
    assert formats.week_mask(mask) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        ("112", "100", f"12{NO_BREAK}% more"),
        ("75", "100", f"25{NO_BREAK}% less"),
        ("100.2", "100", "about the same"),
    ],
)
def test_a_change_is_put_in_words(now: str, before: str, text: str) -> None:
    assert formats.change(Decimal(now), Decimal(before)) == text


def test_there_is_no_change_from_nothing() -> None:
    assert formats.change(Decimal(5), Decimal(0)) == ""


def test_counts_carry_their_noun() -> None:
    assert formats.counted(1, "{count} site", "{count} sites") == "1 site"
    assert formats.counted(0, "{count} site", "{count} sites") == "0 sites"
    assert formats.counted(2, "{count} battery", "{count} batteries") == "2 batteries"
