"""Times of files: the forms people's programs write, and what is asked for instead of guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.core.readings.rules.reading_files import CellInvalid
from portal.core.readings.rules.reading_times import DateOrder, TimeReader

JOHANNESBURG, BERLIN = ZoneInfo("Africa/Johannesburg"), ZoneInfo("Europe/Berlin")


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T08:30:00Z", "2026-03-02 08:30Z", "2026-03-02T10:30:00+02:00", "2026-03-02T10:30+0200",
        "2026-03-02 10:30:00 +02", "2026-03-02 08:30:00 UTC", "20260302T083000Z", "2026-03-02T08:30:00.000-0000",
        "1772440200", "1772440200000", "1772440200.0", " 2026/03/02 08:30 GMT ",
    ],
)  # fmt: skip
def test_an_instant_needs_nothing_more(text: str) -> None:
    assert TimeReader().instant(text) == at(8, 30)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 10:30:00", "2026-03-02T10:30", "2026/3/2 10:30", "20260302T1030", "2 Mar 2026 10:30",
        "02-Mar-2026 10:30:00", "2 March 2026, 10:30 am",
    ],
)  # fmt: skip
def test_a_local_time_needs_a_zone(text: str) -> None:
    with pytest.raises(CellInvalid, match=r"has no UTC offset.*--time-zone Africa/Johannesburg"):
        TimeReader().instant(text)
    assert TimeReader(JOHANNESBURG).instant(text) == at(8, 30)


@pytest.mark.parametrize("text", ["3/2/2026 10:30:00 AM", "03-02-2026 10:30", "3.2.26 10:30"])
def test_a_date_of_two_readings_names_both_and_is_taken_when_told(text: str) -> None:
    with pytest.raises(CellInvalid, match=r"3 February 2026 \(--date-order dmy\) or 2 March 2026") as refused:
        TimeReader(JOHANNESBURG).instant(text)
    assert refused.value.kind == "order of day and month"
    assert TimeReader(JOHANNESBURG, DateOrder.MONTH_FIRST).instant(text) == at(8, 30)
    assert TimeReader(JOHANNESBURG, DateOrder.DAY_FIRST).instant(text) == datetime(
        2026, 2, 3, 8, 30, tzinfo=UTC
    )


def test_a_date_of_one_reading_names_that_one() -> None:
    with pytest.raises(CellInvalid, match=r"is 13 February 2026 \(--date-order dmy\): say which"):
        TimeReader(JOHANNESBURG).instant("13/2/2026")


@pytest.mark.parametrize(
    ("text", "hour"), [("12:00:00 AM", 0), ("12:30 pm", 12), ("11:00 PM", 23), ("8 a.m.", 8), ("00:00", 0)]
)
def test_a_clock_of_twelve_hours_is_understood(text: str, hour: int) -> None:
    found = TimeReader(ZoneInfo("UTC")).instant(f"2026-03-02 {text}")
    assert found.hour == hour


def test_the_end_of_a_day_is_the_next_one() -> None:
    assert TimeReader(ZoneInfo("UTC")).instant("2026-03-02 24:00") == at(0, day=3)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30 00:00Z", "2026-03-02 25:00Z", "2026-03-02 08:61Z", "13:00 AM", "0 AM 2026-03-02",
     "2026-03-02 13:00 PMZ", "99/99/2026", "2026-03-02T08:00:00+99:00", "9" * 100_000, "17724402000000000000"],
)  # fmt: skip
def test_what_is_no_time_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|is no") as refused:
        TimeReader(JOHANNESBURG, DateOrder.DAY_FIRST).instant(text)
    assert len(str(refused.value)) < 200


def test_an_hour_that_comes_twice_is_read_in_the_order_of_the_file() -> None:
    local = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    expected = [datetime(2026, 10, 24, 23, 30, tzinfo=UTC)] + [
        datetime(2026, 10, 25, hour, minute, tzinfo=UTC) for hour in (0, 1) for minute in (0, 30)
    ]
    expected.append(datetime(2026, 10, 25, 2, tzinfo=UTC))
    rising = TimeReader(BERLIN)
    assert [rising.instant(f"2026-10-25 {each}") for each in local] == expected
    falling = TimeReader(BERLIN)
    assert [falling.instant(f"2026-10-25 {each}") for each in ["03:30", *reversed(local)]][1:] == expected[
        ::-1
    ]


def test_an_hour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CellInvalid, match="does not exist in Europe/Berlin"):
        TimeReader(BERLIN).instant("2026-03-29 02:30")
