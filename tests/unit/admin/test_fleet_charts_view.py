"""Charts over the fleet: what is ranked, drawn and in the address."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.admin.dashboards.address import ChartsAsked, charts_address, charts_in, inside, toggled
from portal.admin.dashboards.drawings import draw_fleet_days, draw_lines, draw_pushes
from portal.admin.dashboards.view import build_rank, names_of, summary
from portal.core.energy.rules.as_of import AsOf
from portal.core.fleet.rules.fleet_ranks import ranked
from portal.core.fleet.service.fleet_charts import EnergyPoint, FleetDay, FleetRank, PushHour, span_of

ZA = ZoneInfo("Africa/Johannesburg")
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))
NAMES = {A: ("Acme", "acme"), B: ("Bay", "bay"), C: ("Cold", "cold")}
MWH = 1_000_000_000
RANK = FleetRank(ranked(NAMES, [(B, 3 * MWH), (A, MWH), (B, MWH)], [(B, 2 * MWH), (A, MWH)]), 7, AsOf(NOW))


def test_who_used_most_is_first_and_nobody_is_left_out() -> None:
    assert [(line.name, line.milliwh, line.before_milliwh) for line in RANK.lines] == [
        ("Bay", 4 * MWH, 2 * MWH),
        ("Acme", MWH, MWH),
        ("Cold", 0, 0),
    ]
    assert [line.change for line in RANK.lines] == [1.0, 0.0, None]
    bay, acme, cold = build_rank(RANK, 1, (A,), of_customers=True)
    assert (bay["rank"], bay["kwh"], bay["share"], bay["change"], bay["tone"]) == (
        "1", "4\u2009000", "100.00%", "100\u00a0% more", "warn",
    )  # fmt: skip
    assert (acme["share"], acme["change"], acme["is_compared"]) == ("25.00%", "about the same", True)
    assert (cold["share"], cold["change"]) == ("0%", "\u2014")
    assert (
        summary(RANK)
        == "5\u2009000.0 kWh in the 7 days before today, 67\u00a0% more than the time before, local days"
    )
    assert list(names_of(RANK.lines, (C, A, UUID(int=9)))) == [C, A]


def test_lines_break_where_an_hour_is_missing() -> None:
    window = span_of(NOW, 1, ZA.key)
    assert window == (datetime(2026, 11, 19, 22, tzinfo=UTC), datetime(2026, 11, 20, 22, tzinfo=UTC))
    points = [EnergyPoint(A, window[0] + timedelta(hours=hour), 5_000_000) for hour in (0, 1, 4, 5)]
    drawn = draw_lines(points, {A: "Acme", B: "Bay"}, window, 1, ZA)
    [chart] = drawn["charts"]
    acme, bay = chart["lines"]
    assert (chart["unit"], chart["title"], drawn["zone"]) == ("kW", "Mean power", "Africa/Johannesburg")
    assert acme["path"].count("M") == 2
    assert acme["v"] == [5.0] * 4
    assert (bay["path"], bay["v"]) == ("", [])
    assert draw_lines(points, {A: "Acme"}, window, 30, ZA)["charts"][0]["unit"] == "kWh"
    assert draw_lines([], {}, window, 1, ZA)["charts"] == []


def test_the_fleet_by_day_and_who_pushed_when() -> None:
    drawn = draw_fleet_days([FleetDay(date(2026, 11, 19), MWH), FleetDay(date(2026, 11, 20), MWH // 2)])
    assert [bar["pale"] for bar in drawn["bars"]] == [False, True]
    assert draw_fleet_days([])["bars"] == []
    hour = NOW.replace(minute=0)
    pushes = [PushHour(A, hour, 60, 0), PushHour(B, hour - timedelta(hours=60), 5, 5)]
    picture = draw_pushes(pushes, [(A, "Acme"), (B, "Bay")], NOW, ZA)
    assert picture["names"] == ["Acme", "Bay"]
    assert picture["stored"].startswith("url(data:image/png;base64,")
    assert picture["stored"] != picture["refused"]
    assert draw_pushes([], [], NOW, ZA)["names"] == []


def test_the_address_says_whose_and_with_whom() -> None:
    asked = ChartsAsked(30, A, (B, C), 2)
    assert charts_address(asked) == f"/dashboards?days=30&customer={A}&with={B},{C}&page=2"
    assert charts_in({"days": "30", "customer": str(A), "with": f"{B},{C}", "page": "2"}) == asked
    assert charts_in({"days": "5000", "customer": "x", "with": "x,,y", "page": "0"}) == ChartsAsked()
    assert toggled(asked, str(B)).compared == (C,)
    many = ChartsAsked(compared=tuple(UUID(int=number) for number in range(10, 15)))
    assert toggled(many, str(A)).compared == (*many.compared[1:], A)
    assert inside(asked, str(B)) == ChartsAsked(30, B)
    assert inside(asked, "") == ChartsAsked(30)
    assert toggled(asked, "nonsense") == asked
