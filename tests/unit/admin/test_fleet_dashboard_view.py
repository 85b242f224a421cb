"""The operators' dashboard in words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from portal.admin.dashboard.lag import draw_lag
from portal.admin.dashboard.view import build_fleet
from portal.core.energy.rules.as_of import AsOf
from portal.core.fleet.rules.data_debt import BOARD_KEEPS, DebtLine, worst_first
from portal.core.fleet.service.customer_lists import CustomerCounts
from portal.core.fleet.service.fleet_dashboard import FleetMoment, FleetNow, FleetPower, ReceivedCounts
from tests.unit.admin.test_customers_view import NOW

ZONE = "Africa/Johannesburg"
KAROO = DebtLine(
    customer_id=UUID(int=1),
    code="KAROO",
    name="Karoo Milling",
    state="failing",
    silent_boards=0,
    silent_since=None,
    silent_site="",
    waiting_rows=27_000,
    is_estimate=True,
    given_up_rows=0,
    oldest_at=NOW - timedelta(minutes=51),
    drain_seconds=None,
    refusal="401: an old token",
    last_seen_at=NOW - timedelta(minutes=51),
)
WILD_COAST = replace(
    KAROO,
    customer_id=UUID(int=2),
    code="WILD-COAST",
    name="Wild Coast Lodges",
    state="active",
    silent_boards=4,
    silent_since=NOW - BOARD_KEEPS + timedelta(hours=5),
    silent_site="Coffee Bay",
    full_at=NOW + timedelta(hours=5),
    waiting_rows=0,
    is_estimate=False,
    oldest_at=None,
    refusal="",
)
COUNTS = CustomerCounts(10_000, 62, 380, 59, 9_412, 87, 14)
FLEET = FleetNow(
    counts=COUNTS,
    power=FleetPower(412_600.0, 9_412, 40_000),
    today_kwh=Decimal(4_386_000),
    energy_as_of=AsOf(NOW),
    debt=(WILD_COAST, KAROO),
    debt_count=560,
    silent_customers=118,
    moments=(FleetMoment(NOW - timedelta(hours=24), 9_388, 40, 120, 90_000, "Durban Cold Chain"),),
    active_before=9_388,
    received=ReceivedCounts(564_310, 94, 2_304_771, 412),
    unknown_pushes=3,
    at=NOW,
)


def test_who_loses_readings_comes_first_and_what_is_kept_after() -> None:
    gone = replace(WILD_COAST, code="GONE", full_at=NOW - BOARD_KEEPS)
    later = replace(WILD_COAST, code="LATER", full_at=NOW + BOARD_KEEPS - timedelta(hours=3))
    older = replace(KAROO, code="OLDER", oldest_at=NOW - timedelta(days=3))
    found = worst_first([gone, KAROO, later, older, WILD_COAST], NOW)
    assert [line.code for line in found] == ["WILD-COAST", "LATER", "OLDER", "KAROO", "GONE"]


def test_the_sentence_names_who_loses_and_counts_the_rest() -> None:
    shown = build_fleet(FLEET, None, ZONE)
    assert shown["loses"] == "Wild Coast Lodges loses readings in \u2248\u20095 h"
    assert shown["sentence"] == (
        ": 4 boards are silent. 62 customers fail and 380 are late; what they have is kept."
    )
    assert shown["subtitle"] == "Friday 20 November 2026, 14:00, Africa/Johannesburg"
    well = replace(FLEET, debt=(), debt_count=0, counts=COUNTS._replace(failing=0, late=0))
    assert build_fleet(well, None, ZONE)["sentence"] == "Everything that exists is here."
    one = replace(FLEET, debt=(KAROO,), counts=COUNTS._replace(failing=1, late=0))
    assert build_fleet(one, None, ZONE)["sentence"] == "1 customer fails; what they have is kept."


def test_the_figures_compare_with_the_week_before_in_local_days() -> None:
    shown = build_fleet(FLEET, Decimal(4_475_000), ZONE)
    assert (shown["power"]["value"], shown["power"]["unit"]) == ("412.6", "MW")
    assert (shown["today"]["value"], shown["today"]["unit"]) == ("4\u2009386.0", "MWh")
    assert shown["today"]["note"] == "local days; 2\u00a0% less than Fri 13 Nov by 14:00"
    assert shown["active"]["note"] == "pushed within the hour; 9\u2009388 a day ago"
    assert build_fleet(FLEET, None, ZONE)["today"]["note"] == "local days"


def test_the_board_says_what_is_lost_what_is_kept_and_why() -> None:
    first, second = build_fleet(FLEET, None, ZONE)["debt"]
    assert (first["status"], first["full"], first["full_tone"]) == (
        "Boards silent",
        "\u2248\u20095 h",
        "fail",
    )
    assert first["why"] == "4 boards at Coffee Bay, nothing since 3 Nov, 19:00"
    assert (second["status"], second["waiting"], second["full"]) == (
        "Failing",
        "\u2248\u200927\u2009000",
        "kept",
    )
    assert second["href"].endswith("?tab=events")
    assert second["why"] == "401: an old token"


def test_the_lag_is_drawn_on_powers_and_broken_where_nobody_looked() -> None:
    moments = [
        FleetMoment(NOW - timedelta(minutes=5 * number), 1, 60, 600, 3600, "X")
        for number in (*range(20, 12, -1), *range(5, -1, -1))
    ]
    plot = draw_lag(moments, NOW, ZONE)
    assert [tick["text"] for tick in plot["values"]] == ["10 s", "1 min", "10 min", "1 h"]
    half, most, worst, limit = plot["lines"]
    assert half["path"].count("M") == 2
    assert {part.split()[1].split("L")[0] for part in half["path"].split("M")[1:]} == {"695.6"}
    assert worst["path"].split(" ")[1].startswith("0")
    assert limit["path"].startswith("M0 0")
    assert most["name"] == "95 of 100"
    assert draw_lag([], NOW, ZONE)["lines"] == []


def test_what_a_board_says_that_it_keeps_is_no_estimate() -> None:
    known = replace(WILD_COAST, full_is_known=True)
    shown = build_fleet(replace(FLEET, debt=(known,)), None, ZONE)
    assert (shown["debt"][0]["full"], shown["loses"]) == ("5 h", "Wild Coast Lodges loses readings in 5 h")


def test_customers_with_events_alone_stand_last_with_the_most_first() -> None:
    here = replace(WILD_COAST, silent_boards=0, silent_since=None, full_at=None, silent_site="")
    few, many = replace(here, code="FEW", open_events=1), replace(here, code="MANY", open_events=7)
    lost = replace(WILD_COAST, code="LOST", full_at=NOW - timedelta(hours=1))
    ordered = worst_first([few, many, lost, KAROO, WILD_COAST], NOW)
    assert [line.code for line in ordered] == ["WILD-COAST", "KAROO", "LOST", "MANY", "FEW"]
    row = build_fleet(replace(FLEET, debt=(many,)), None, ZONE)["debt"][0]
    assert (row["events"], row["href"]) == ("7", f"/customers/{many.customer_id}?tab=quality")
    assert row["why"] == "7 meter events to decide at the customer"
