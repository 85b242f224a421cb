"""The sentence of the dashboard, and the month in money."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.client.dashboard.outlook_view import build_outlook
from portal.client.dashboard.sentence import sentence_of
from portal.client.dashboard.site_days import build_site_days
from portal.core.energy.rules.as_of import AsOf
from portal.core.overview.rules.comparison import BesideUsual, Cause, HowUsual
from portal.core.overview.rules.forecast import MeasuredMonth
from portal.core.overview.rules.outlook import ClientOutlook, HourOfDay, MonthOutlook, Peak, SiteDay
from portal.core.overview.service.overview import ClientOverview

ZONE = ZoneInfo("Africa/Johannesburg")
TODAY = date(2026, 11, 26)
MIDNIGHT = datetime(2026, 11, 26, tzinfo=ZONE).astimezone(UTC)
NOW = MIDNIGHT + timedelta(hours=14, minutes=20)
KWH = 1_000_000
STORE = UUID(int=7)

OVERVIEW = ClientOverview(
    power_kw=164.2,
    power_at=NOW,
    energy_today_kwh=Decimal(1762),
    energy_month_kwh=Decimal(71_000),
    cost_today=Decimal("4898.01"),
    cost_month=Decimal(203_280),
    currency="ZAR",
    time_zone=str(ZONE),
    sites=(),
    as_of=AsOf(NOW),
)
COMPARED = BesideUsual(
    HowUsual.MORE,
    {},
    65 * KWH,
    Decimal("201.7"),
    ("Depot",),
    Cause(STORE, "Cold store", MIDNIGHT + timedelta(hours=9), MIDNIGHT + timedelta(hours=12)),
)
MONTH = MonthOutlook(
    month=date(2026, 11, 1),
    to_come=Decimal(32_804),
    fixed=Decimal(8_694),
    fixed_so_far=Decimal(7_534),
    compared=(date(2026, 9, 1), Decimal(236_678)),
    measured=(MeasuredMonth(date(2026, 10, 1), 0.012), MeasuredMonth(date(2026, 9, 1), -0.03)),
    unknown=(),
)
HOURS = tuple(
    HourOfDay(
        MIDNIGHT + timedelta(hours=n),
        {"Peak" if n in (7, 8) else "Standard": (100 + n) * KWH} if n < 15 else {},
        Decimal(300) if n < 15 else Decimal(0),
        ("Peak" if n in (7, 8, 18) else "Standard",),
        100 * KWH,
        missing_sites=int(n == 9),
    )
    for n in range(24)
)
SITE = SiteDay(STORE, "Cold store", {"Standard": 113 * KWH, "Peak": 20 * KWH}, 100 * KWH, 14, 14)
OUTLOOK = ClientOutlook(
    day=TODAY,
    today=TODAY,
    zone=ZONE,
    hours=HOURS,
    sites=(SITE,),
    comparison=COMPARED,
    today_comparison=COMPARED,
    peak=Peak(MIDNIGHT + timedelta(hours=11), 241.0),
    month=MONTH,
    fixed_today=Decimal("289.79"),
)


def test_the_sentence_says_how_usual_what_it_costs_and_where_the_month_goes() -> None:
    said = sentence_of(OUTLOOK, OVERVIEW)
    assert (said.tone, said.opening) == ("ok", "A little more than a usual Thursday")
    assert (said.so_far, said.more) == ("R\u00a05\u2009188", "R\u00a0202 more")
    assert (said.heading, said.forecast) == ("November is heading for", "R\u00a0244\u2009778")
    assert said.than_before == "R\u00a08\u2009100 more than September"
    assert (said.cause_opening, said.cause) == ("The extra is", "Cold store, 09:00 to 12:00")
    assert said.cause_href == (f"/dashboards?sites={STORE}&from=2026-11-26T07:00:00Z&to=2026-11-26T10:00:00Z")
    assert said.left_out == "Not compared, or not all of it: Depot."


def test_nothing_is_compared_before_there_is_enough() -> None:
    early = replace(OUTLOOK, today_comparison=BesideUsual(HowUsual.TOO_EARLY, {}))
    said = sentence_of(early, OVERVIEW)
    assert (said.tone, said.opening, said.more) == ("neutral", "Too early to compare", "")
    few = replace(OUTLOOK, today_comparison=BesideUsual(HowUsual.TOO_FEW, {}, left_out=("Depot",)))
    assert sentence_of(few, OVERVIEW).opening == "Too few Thursdays to compare"


def test_without_a_tariff_it_speaks_of_energy() -> None:
    said = sentence_of(OUTLOOK, replace(OVERVIEW, cost_today=None, cost_month=None))
    assert (said.so_far, said.more) == ("1\u2009762.0 kWh", "65.00 kWh more")
    assert (said.heading, said.forecast, said.than_before) == ("", "", "")


def test_the_month_says_how_it_is_made_and_how_far_off_it_was() -> None:
    month = build_outlook(OUTLOOK, OVERVIEW, NOW, "energy").month
    assert (month.title, month.total, month.error) == (
        "November in money",
        "R\u00a0244\u2009778",
        "± 2.1\u00a0%",
    )
    assert [line["value"] for line in month.lines][-1] == "not included"
    assert "October +1.2\u00a0%, September \u22123.0\u00a0%" in month.made[1]
    unmeasured = replace(OUTLOOK, month=replace(MONTH, measured=()))
    assert "not measured yet" in build_outlook(unmeasured, OVERVIEW, NOW, "energy").month.made[1]


def test_there_is_no_forecast_where_nothing_is_usual() -> None:
    unknown = replace(OUTLOOK, month=replace(MONTH, unknown=("Cold store",)))
    month = build_outlook(unknown, OVERVIEW, NOW, "energy").month
    assert (month.total, month.lines) == ("", [])
    assert "three days" in month.why_not


def test_the_hours_are_bars_in_their_hues_under_what_is_usual() -> None:
    shown = build_outlook(OUTLOOK, OVERVIEW, NOW, "energy")
    drawn = shown.hours
    assert len(drawn["bars"]) == 15
    assert drawn["bars"][7]["parts"][0]["hue"] == "var(--ui-peak)"
    assert drawn["bars"][7]["title"] == "07:00 to 08:00, usual 100.00 kWh"
    assert [bar["pale"] for bar in drawn["bars"]] == [False] * 14 + [True]
    assert drawn["outline"].count("L") == 47
    assert len(drawn["strip"]) == 24
    assert drawn["strip"][18]["hue"] == "var(--ui-peak)"
    assert len(drawn["gaps"]) == 1
    assert {each["label"] for each in drawn["legend"]} == {"Peak", "Standard"}
    assert (shown.peak, shown.peak_note) == ("241.0", "11:00 to 11:15, the highest quarter of an hour")
    cost = build_outlook(OUTLOOK, OVERVIEW, NOW, "cost").hours
    assert cost["bars"][0]["rows"][0]["value"] == "R\u00a0300.00"
    assert cost["outline"] == ""


def test_a_site_says_how_usual_it_is_or_what_is_missing() -> None:
    [row] = build_site_days(OUTLOOK, [], "ZAR")
    assert (row["kwh"], row["note"], row["cost"]) == ("133.00 kWh", "33\u00a0% more than usual", "—")
    holed = replace(OUTLOOK, sites=(replace(SITE, known_hours=8),))
    assert build_site_days(holed, [], "ZAR")[0]["note"] == "8 of 14 h known"
