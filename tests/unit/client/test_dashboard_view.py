"""The dashboard's words and numbers, for Alice in Johannesburg on the worked example's Monday."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from portal.client.dashboard import view
from portal.core.energy.rules.as_of import AsOf
from portal.core.overview.service.overview import ClientOverview, SiteLine

_NOW = datetime(2026, 5, 18, 22, 30, tzinfo=UTC)  # already Tuesday, 00:30, in Johannesburg

_SITE = SiteLine(
    id=uuid4(),
    name="Cold store",
    municipality="City of Cape Town",
    time_zone="Africa/Johannesburg",
    device_count=2,
    power_kw=11.166,
    energy_today_kwh=Decimal("102.084"),
    last_reading_at=_NOW - timedelta(seconds=20),
    is_stale=False,
)
_OVERVIEW = ClientOverview(
    power_kw=42.374,
    power_at=_NOW - timedelta(minutes=2),
    energy_today_kwh=Decimal("312.48"),
    energy_month_kwh=Decimal("8412.7"),
    cost_today=Decimal("961.225"),
    cost_month=Decimal("26410.55"),
    currency="ZAR",
    time_zone="Africa/Johannesburg",
    sites=(_SITE,),
    as_of=AsOf(_NOW),
)


def _figures(**changes: object) -> view.DashboardFigures:
    return view.build_figures(replace(_OVERVIEW, **changes), _NOW)


def test_the_figures_read_as_on_paper() -> None:
    shown = _figures()
    assert (shown.power, shown.power_note) == ("42.37", "measured 2 min ago")
    assert shown.today == "312.48"
    assert shown.power_utc == "2026-05-18 22:28:00 UTC"


def test_how_far_the_figures_go_is_said() -> None:
    assert _figures().as_of == "As of 19 May, 00:30"
    words = _figures(as_of=AsOf(_NOW - timedelta(minutes=3), is_complete=False)).as_of
    assert words == (
        "As of 19 May, 00:27. Some readings are still being added up and are not in these figures yet."
    )


def test_zero_is_zero_and_unknown_is_a_dash() -> None:
    assert _figures(power_kw=0.0).power == "0.00"
    unknown = _figures(power_kw=None, power_at=None)
    assert (unknown.power, unknown.power_note) == ("—", "no reading yet")


def test_power_that_is_too_old_says_when_the_last_reading_was() -> None:
    shown = _figures(power_kw=None, power_at=_NOW - timedelta(hours=3))
    assert (shown.power, shown.power_note) == ("—", "last reading 3 h ago")


def test_a_site_shows_its_own_local_time_and_utc_beside_it() -> None:
    [row] = view.build_sites(_OVERVIEW, _NOW)
    assert (row.last_reading, row.last_reading_utc) == ("19 May 2026, 00:29", "2026-05-18 22:29:40 UTC")
    assert (row.name, row.details) == ("Cold store", "City of Cape Town · 2 meters")
    assert (row.power, row.today) == ("11.17 kW", "102.08 kWh")


@pytest.mark.parametrize(
    ("changes", "status", "tone"),
    [
        ({}, "Live", "ok"),
        ({"last_reading_at": _NOW - timedelta(minutes=15)}, "Last 15 min ago", "ok"),
        ({"is_stale": True, "last_reading_at": _NOW - timedelta(hours=3)}, "Silent, last 3 h ago", "warn"),
        ({"is_stale": True, "last_reading_at": None}, "Waiting", "neutral"),
        ({"is_stale": True, "last_reading_at": None, "device_count": 0}, "No meter", "neutral"),
    ],
)
def test_the_badge_says_what_state_a_site_is_in(changes: dict[str, object], status: str, tone: str) -> None:
    [row] = view.build_sites(replace(_OVERVIEW, sites=(replace(_SITE, **changes),)), _NOW)
    assert (row.status, row.tone) == (status, tone)


def test_first_steps_are_for_a_stack_without_a_meter() -> None:
    bare = replace(_SITE, device_count=0, last_reading_at=None)
    assert view.has_devices(_OVERVIEW)
    assert not view.has_devices(replace(_OVERVIEW, sites=(bare,)))
    assert not view.has_devices(replace(_OVERVIEW, sites=()))


def test_meters_that_have_not_reported_yet_are_waited_for() -> None:
    silent = replace(_SITE, last_reading_at=None)
    assert view.waiting_note(replace(_OVERVIEW, sites=(silent, silent))).startswith(
        "4 meters set up, and no reading yet"
    )
    assert view.waiting_note(_OVERVIEW) == ""
    assert view.waiting_note(replace(_OVERVIEW, sites=())) == ""
