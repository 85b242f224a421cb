"""The address of the charts holds all that is chosen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal.client.dashboards.address import USUAL_KINDS, Chosen, chosen_in
from portal.core.history.rules.buckets import TimeSpan

ZONE = ZoneInfo("Africa/Johannesburg")
TODAY = date(2026, 11, 26)
ID, OTHER = UUID(int=1), UUID(int=2)
ZOOM = TimeSpan(datetime(2026, 11, 25, 7, tzinfo=UTC), datetime(2026, 11, 25, 9, 30, tzinfo=UTC))


def of(address: str) -> Chosen:
    return chosen_in(dict(parse_qsl(urlsplit(address).query)))


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(),
        Chosen(
            (ID, OTHER),
            (OTHER,),
            ("harmonics", "current"),
            "month",
            date(2026, 3, 1),
            None,
            "year",
            "day",
            "power",
        ),
        Chosen(zoom=ZOOM, comparison="week"),
        Chosen(kinds=()),
    ],
)
def test_an_address_leads_back_to_what_was_chosen(chosen: Chosen) -> None:
    assert of(chosen.address()) == chosen


def test_the_plain_address_is_today_as_usual() -> None:
    assert Chosen().address() == "/dashboards"
    assert Chosen().span(TODAY, ZONE) == TimeSpan(
        datetime(2026, 11, 25, 22, tzinfo=UTC), datetime(2026, 11, 26, 22, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "query",
    [
        {"meters": "nonsense,", "show": "nothing-there", "range": "age", "on": "2026-13-01"},
        {"from": "2026-11-25T09:00:00Z", "to": "2026-11-25T08:00:00Z"},
        {"from": "2026-11-25T09:00:00", "to": "2026-11-26"},
        {"against": "never", "year": "voltage", "on": "0001-01-01"},
    ],
)
def test_what_is_not_there_is_as_usual(query: dict[str, str]) -> None:
    found = replace(chosen_in(query), kinds=USUAL_KINDS)
    assert found == Chosen()


@pytest.mark.parametrize(
    ("name", "on", "days"),
    [
        ("week", date(2026, 11, 26), (date(2026, 11, 23), date(2026, 11, 30))),
        ("month", date(2026, 12, 31), (date(2026, 12, 1), date(2027, 1, 1))),
        ("year", date(2024, 2, 29), (date(2024, 1, 1), date(2025, 1, 1))),
        ("decade", date(2026, 5, 1), (date(2017, 1, 1), date(2027, 1, 1))),
    ],
)
def test_ranges_are_those_of_the_calendar(name: str, on: date, days: tuple[date, date]) -> None:
    span = Chosen(span_name=name, on=on).span(TODAY, ZONE)
    assert tuple(at.astimezone(ZONE).date() for at in (span.from_at, span.to_at)) == days


def test_stepping_there_and_back_is_where_one_was() -> None:
    for name in ("day", "week", "month", "year", "decade"):
        chosen = Chosen(span_name=name, on=date(2026, 3, 31))
        there = chosen.stepped(1, TODAY, ZONE)
        assert there.span(TODAY, ZONE).from_at == chosen.span(TODAY, ZONE).to_at
        assert there.stepped(-1, TODAY, ZONE).span(TODAY, ZONE) == chosen.span(TODAY, ZONE)


def test_the_time_before_is_at_the_same_time_of_day_across_a_change_of_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    chosen = Chosen(on=date(2026, 3, 30), comparison="week")
    before = chosen.earlier(chosen.span(TODAY, berlin), berlin)
    assert before is not None
    assert before.from_at.astimezone(berlin).isoformat() == "2026-03-23T00:00:00+01:00"


def test_a_zoom_has_ten_minutes_at_least() -> None:
    zoomed = Chosen().zoomed(ZOOM.from_at, ZOOM.from_at + timedelta(seconds=3)).zoom
    assert zoomed is not None
    assert zoomed.length == timedelta(minutes=10)
