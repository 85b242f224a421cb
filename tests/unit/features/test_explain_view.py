"""The hours of an explained day by the clock on the wall, and the steps of one of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from portal.core.cost.rules.explanation import Explanation, ReadingUsed
from portal.core.cost.service.explain import HourLine
from portal.features.cost.explain_address import TOTAL, Explained, explained_in
from portal.features.cost.explain_hours import build_hours, hour_bars, hour_totals, neighbours
from portal.features.cost.explain_view import build_explanation


def lines(first: datetime, *kwh: str) -> list[HourLine]:
    return [
        HourLine(first + timedelta(hours=n), Decimal(each), Decimal(each) * Decimal("1.15"), (None,))
        for n, each in enumerate(kwh)
    ]


@pytest.mark.parametrize(
    ("first", "labels"),
    [
        (
            datetime(2026, 10, 24, 23, tzinfo=UTC),  # the clock is put back at 03:00
            [
                "01:00 to 02:00",
                "02:00 to 03:00 (UTC+02:00)",
                "02:00 to 03:00 (UTC+01:00)",
                "03:00 to 04:00",
            ],
        ),
        (
            datetime(2026, 3, 28, 23, tzinfo=UTC),  # the clock is put forward at 02:00
            [
                "00:00 to 01:00",
                "01:00 to 02:00 (UTC+01:00)",
                "03:00 to 04:00 (UTC+02:00)",
                "04:00 to 05:00",
            ],
        ),
    ],
)
def test_hours_where_clocks_change_say_their_offset(first: datetime, labels: list[str]) -> None:
    shown = build_hours(lines(first, "1", "1", "1", "1"), "Europe/Berlin", "R")
    assert [row["label"] for row in shown] == labels


def test_the_hours_add_up_to_their_total() -> None:
    hours = lines(datetime(2026, 5, 18, tzinfo=UTC), "0.0333", "0.0333", "0.0334")
    shown = build_hours(hours, "UTC", "R")
    assert [row["kwh"] for row in shown] == ["0.033", "0.033", "0.034"]
    # 0.0383 + 0.0383 + 0.0384 is 0.115, and so 0.12.
    assert [row["total"] for row in shown] == ["R\u00a00.04", "R\u00a00.04", "R\u00a00.04"]
    assert hour_totals(hours, "R") == ["Total", "0.100", "", "R\u00a00.12"]


def test_registers_are_shown_with_the_digits_of_the_longest() -> None:
    at, nothing = datetime(2026, 5, 18, 8, tzinfo=UTC), Decimal(0)
    found = Explanation(
        device_id=UUID(int=1),
        device_name="Main incomer",
        site_name="Mill",
        municipality=None,
        time_zone_id="UTC",
        hour_at=at,
        currency="ZAR",
        kwh=nothing,
        unallocated_kwh=nothing,
        estimated_kwh=nothing,
        suspect_readings=0,
        readings=tuple(
            ReadingUsed(at + timedelta(minutes=index), Decimal(register), "accepted")
            for index, register in enumerate(("2301108.75", "2301194.000", "2301194.1"))
        ),
        pieces=(),
        parts=(),
        shown_base=nothing,
        shown_vat=nothing,
        shown_total=nothing,
    )
    shown = [step["figure"].replace("\u2009", " ") for step in build_explanation(found).readings]
    assert shown == [f"2 301 {part}\u00a0kWh" for part in ("108.75", "194.00", "194.10")]


def test_an_address_explains_the_range_a_day_a_device_or_an_hour_and_nothing_else() -> None:
    for explained in (
        Explained(TOTAL),
        Explained("2026-05-25"),
        Explained("2026-05-25", "b7"),
        Explained("2026-05-25", "b7", "2026-05-25T06:00:00+00:00"),
    ):
        address = f"/cost?from=2026-05-25{explained.query()}"
        assert explained_in(dict(parse_qsl(urlsplit(address).query))) == explained
    assert explained_in({"explain": "25 May", "device": "b7"}) == Explained()
    assert Explained().query() == ""


def test_the_strip_of_hours_has_each_period_and_pales_what_is_not_chosen() -> None:
    first = datetime(2026, 5, 25, 22, tzinfo=UTC)
    hours = [
        HourLine(first, Decimal(3), Decimal(9), ("Peak", None), {"Peak": Decimal(1), None: Decimal("1.5")}),
        HourLine(first + timedelta(hours=1), Decimal(2), Decimal(5), (None,), {None: Decimal(2)}),
    ]
    drawn = hour_bars(hours, (first, first + timedelta(days=1)), "Africa/Johannesburg", first.isoformat())
    split, other = drawn["bars"]
    assert {(row["label"], row["value"]) for row in split["rows"]} == {
        ("Peak", "1.00 kWh"),
        ("Default rate", "1.50 kWh"),
        ("No tariff", "0.50 kWh"),
        ("Total", "3.00 kWh"),
    }
    assert (split["title"], split["key"]) == ("00:00 to 01:00", first.isoformat())
    assert (split["pale"], other["pale"]) == (False, True)


def test_beside_a_key_are_those_before_and_after_it() -> None:
    days = ["a", "b", "c"]
    assert [neighbours(days, day) for day in ("a", "b", "c", "d")] == [
        ("", "b"),
        ("a", "c"),
        ("b", ""),
        ("", ""),
    ]
