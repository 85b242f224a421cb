"""Bars over time: in the hues of their periods, with all that they say at once."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from portal.core.cost.rules.cost import CostReport, DayCost, FixedCost, PeriodCost
from portal.core.cost.rules.coverage import Coverage, DayCover
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.energy import NO_TARIFF
from portal.features.cost.bars import day_figure
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, legend_of, scale_for
from portal.ui.plotted import Drawn

STYLES = Path(__file__).resolve().parents[3] / "portal/ui/styles"
AT = datetime(2026, 5, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
BARS = [
    TimeBar(AT, AT + HOUR, {"Peak": 20.0, "Off-peak": 10.0}, "first", "a"),
    TimeBar(AT + HOUR, AT + 2 * HOUR, {None: 5.0, NO_TARIFF: 1.0}, "second", is_running=True),
]


def drawn() -> Drawn:
    return draw_bars(BARS, TimeSpan(AT, AT + 4 * HOUR), ZoneInfo("UTC"), ValueWords(), scale_for(BARS))


def test_a_bar_is_stacked_from_the_cheapest_and_says_all_its_parts_and_their_total() -> None:
    first, second = drawn()["bars"]
    assert [part["hue"] for part in first["parts"]] == ["var(--ui-off-peak)", "var(--ui-peak)"]
    assert first["parts"][1]["y"] == first["parts"][0]["h"]
    rows = [(row["label"], row["value"]) for row in first["rows"]]
    assert rows == [("Peak", "20.00 kWh"), ("Off-peak", "10.00 kWh"), ("Total", "30.00 kWh")]
    assert (first["key"], first["pale"], second["pale"]) == ("a", False, True)
    assert 0 <= first["x"] < first["x"] + first["w"] < second["x"]


def test_what_is_fed_in_lies_below_zero() -> None:
    bars = [TimeBar(AT, AT + HOUR, {None: -4.0})]
    scale = scale_for(bars)
    assert scale.bottom < 0
    [bar] = draw_bars(bars, TimeSpan(AT, AT + HOUR), ZoneInfo("UTC"), ValueWords(), scale)["bars"]
    [part] = bar["parts"]
    assert (part["y"], round(part["y"] + part["h"], 5)) == (0.0, round(scale.up(0), 5))


def test_the_hues_are_tokens_that_there_are() -> None:
    text = json.dumps(drawn())
    defined = "".join(path.read_text(encoding="utf-8") for path in STYLES.glob("*.css"))
    named = set(re.findall(r"var\((--ui-[\w-]+)\)", text))
    assert named
    assert [name for name in named if f"{name}:" not in defined] == []
    assert {each["label"] for each in legend_of(BARS)} == {"Peak", "Off-peak", "Default rate", "No tariff"}


def report(*days: DayCost) -> CostReport:
    zero = Decimal(0)
    return CostReport(AT, AT, "ZAR", zero, zero, zero, zero, 0, zero, zero, 0, days, ())


def day(on: date, kwh: int, priced: int) -> DayCost:
    zero = Decimal(0)
    part = PeriodCost("Peak", Decimal(priced), zero, zero, Decimal(priced) * 2)
    return DayCost(on, Decimal(kwh), zero, zero, Decimal(priced) * 2, (part,))


def test_energy_without_a_tariff_is_a_part_of_energy_only() -> None:
    found = report(day(date(2026, 5, 18), 30, 20))
    [energy] = day_figure(found, "energy")["bars"]
    assert [row["label"] for row in energy["rows"]] == ["No tariff", "Peak", "Total"]
    [cost] = day_figure(found, "cost")["bars"]
    assert [(row["label"], row["value"]) for row in cost["rows"]] == [("Peak", "R\u00a040.00")]
    assert (cost["title"], cost["key"]) == ("Mon 18 May", "2026-05-18")


def charged(first: date, last: date, total: str) -> FixedCost:
    zero = Decimal(0)
    return FixedCost(first, last, "Mill", "Domestic", Decimal(total), zero, Decimal(total))


def test_fixed_charges_are_a_part_of_every_day_and_add_up_to_the_cent() -> None:
    first = date(2026, 5, 18)
    days = [day(first + timedelta(days=n), 30 if n else 0, 20 if n else 0) for n in range(3)]
    fixed = (charged(first, days[-1].date, "10.00"), charged(days[1].date, days[1].date, "0.50"))
    found = replace(report(*days), fixed=fixed)
    drawn = day_figure(found, "cost")
    assert [[(row["label"], row["value"]) for row in bar["rows"]] for bar in drawn["bars"]] == [
        [("Fixed charge of the day", "R\u00a03.34")],
        [
            ("Peak", "R\u00a040.00"),
            ("Fixed charge of the day", "R\u00a03.83"),
            ("Total", "R\u00a043.83"),
        ],
        [
            ("Peak", "R\u00a040.00"),
            ("Fixed charge of the day", "R\u00a03.33"),
            ("Total", "R\u00a043.33"),
        ],
    ]
    assert drawn["bars"][1]["parts"][0]["hue"] == "var(--ui-fixed-charge)"
    assert [each["label"] for each in drawn["legend"]] == ["Fixed charge of the day", "Peak"]
    energy = day_figure(found, "energy")
    assert [row["label"] for row in energy["bars"][1]["rows"]] == ["No tariff", "Peak", "Total"]


def test_a_local_day_beside_those_of_a_report_counts_to_the_nearest() -> None:
    found = replace(
        report(day(date(2026, 5, 18), 30, 20)), fixed=(charged(date(2026, 5, 19), date(2026, 5, 19), "4"),)
    )
    [bar] = day_figure(found, "cost")["bars"]
    assert bar["rows"][-1]["value"] == "R\u00a044.00"


def test_one_day_is_a_slim_bar_in_the_middle_and_its_word_below_it() -> None:
    figure = day_figure(report(day(date(2026, 5, 18), 30, 20)), "cost")
    [bar] = figure["bars"]
    assert bar["w"] < 0.2
    assert figure["ticks"] == [{"at": 0.5, "text": "Mon 18"}]
    assert round(bar["x"] + bar["w"] / 2, 3) == 0.5


def test_many_days_are_named_by_mondays_or_months() -> None:
    days = [day(date(2026, 1, 1) + timedelta(days=n), 1, 1) for n in range(365)]
    assert len(day_figure(report(*days), "cost")["ticks"]) == 12
    assert len(day_figure(report(*days[:31]), "cost")["ticks"]) == 4
    assert day_figure(replace(report()), "cost")["bars"] == []


def test_a_day_without_readings_is_hatched_and_says_so() -> None:
    days = [day(date(2026, 5, 18), 30, 20), day(date(2026, 5, 19), 0, 0), day(date(2026, 5, 20), 0, 0)]
    cover = Coverage((DayCover(days[0].date, 24, 24), DayCover(days[1].date, 24, 0)))
    figure = day_figure(replace(report(*days), coverage=cover), "cost")
    read, unread, to_come = figure["bars"]
    assert [row["label"] for row in unread["rows"]] == ["No readings"]
    assert "No readings" not in json.dumps((read, to_come))
    assert figure["gaps"] == [{"x": unread["x"], "w": unread["w"], "h": 1, "words": "No readings"}]
    assert figure["gap_words"] == "No readings"
    assert day_figure(report(*days), "cost")["gap_words"] == ""


def test_a_day_without_readings_is_hatched_above_its_fixed_charge() -> None:
    on = date(2026, 5, 18)
    found = replace(
        report(day(on, 0, 0)), fixed=(charged(on, on, "4"),), coverage=Coverage((DayCover(on, 24, 0),))
    )
    drawn = day_figure(found, "cost")
    [bar] = drawn["bars"]
    assert [(row["label"], row["value"]) for row in bar["rows"]] == [
        ("No readings", ""),
        ("Fixed charge of the day", "R\u00a04.00"),
    ]
    assert len(drawn["gaps"]) == 1
