"""What the page of charts draws and says."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from portal.client.dashboards.lines import LineSource
from portal.client.dashboards.picture import picture
from portal.client.dashboards.view import ChartsOf, build_charts, has_readings, kinds_named, quantities_of
from portal.client.dashboards.words import gaps_in_words, late_in_words, period_name, span_in_words
from portal.core.history.queries.buckets import Bucket
from portal.core.history.queries.meters import ChartedMeter
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.charts import History, MeterHistory

ZONE = ZoneInfo("Africa/Johannesburg")
AT = datetime(2026, 11, 25, tzinfo=ZONE).astimezone(UTC)
DAY, WIDTH = timedelta(days=1), timedelta(minutes=5)
SPAN = TimeSpan(AT, AT + DAY)
NOW = AT + 3 * DAY


def meter(number: int = 1) -> ChartedMeter:
    return ChartedMeter(
        UUID(int=number), f"Meter {number}", UUID(int=9), "House", 1, str(ZONE), 1, number, True
    )


def measured(
    quantities: int, *, without: range = range(0), late: range = range(0), value: float = 10.0
) -> list[Bucket]:
    arrived = round((AT + DAY - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds())
    same: list[float | None] = [value] * quantities
    return [
        Bucket(
            AT + n * WIDTH,
            5,
            [value + n % 7] * quantities,
            same,
            [value + 7] * quantities,
            arrived if n in late else None,
        )
        for n in range(288)
        if n not in without
    ]


def read(
    *keys: str, histories: list[MeterHistory] | None = None, sources: tuple[LineSource, ...] | None = None
) -> ChartsOf:
    kinds = kinds_named(keys)
    found = histories or [MeterHistory(meter(), measured(len(quantities_of(kinds))))]
    named = sources or tuple(LineSource(each.meter.name, (each,)) for each in found)
    return ChartsOf(kinds, named, History(SPAN, WIDTH, tuple(found)))


def test_a_chart_has_a_line_with_a_value_for_each_bucket() -> None:
    drawn = build_charts(read("power"), ZONE, NOW, is_zoomed=False)
    [chart] = drawn["charts"]
    [line] = chart["lines"]
    assert (chart["title"], chart["unit"], chart["bottom"], chart["top"]) == ("Power", "kW", 0.0, 20.0)
    assert chart["note"] == "5-minute averages, shaded from lowest to highest"
    assert len(line["x"]) == len(line["v"]) == 288
    assert line["path"].startswith("M")
    assert line["band"].endswith("Z")
    assert (drawn["gaps"], drawn["late"], drawn["ticks"][0]["text"]) == ([], [], "00:00")
    assert chart["label"] == "Power: from 10.00 to 17.00 kW."


def test_what_hardly_changes_does_not_fill_the_chart() -> None:
    histories = [
        MeterHistory(
            meter(), [bucket._replace(values=[50.0], lows=[50.0], highs=[50.0]) for bucket in measured(1)]
        )
    ]
    [chart] = build_charts(read("frequency", histories=histories), ZONE, NOW, is_zoomed=False)["charts"]
    assert (chart["bottom"], chart["top"], chart["note"]) == (49.95, 50.05, "5-minute averages")


def test_a_gap_breaks_the_line_and_is_named() -> None:
    histories = [MeterHistory(meter(), measured(1, without=range(24, 54), late=range(100, 112)))]
    drawn = build_charts(read("power", histories=histories), ZONE, NOW, is_zoomed=False)
    assert drawn["charts"][0]["lines"][0]["path"].count("M") == 2
    assert drawn["gap_words"] == "No readings, 25 Nov 02:00 to 04:30"
    assert drawn["gaps"] == [(round(2 / 24, 5), round(4.5 / 24, 5))]
    assert drawn["late_words"] == "Arrived late: 25 Nov 08:20 to 09:20, at 26 Nov, 00:00"
    assert drawn["late"] == [(round(100 / 288, 5), round(112 / 288, 5))]


def test_phases_share_a_chart_and_meters_do_where_they_have_one_line() -> None:
    kinds = kinds_named(["power", "voltage-phases"])
    count = len(quantities_of(kinds))
    both = [MeterHistory(meter(1), measured(count)), MeterHistory(meter(2), measured(count, value=20))]
    drawn = build_charts(read("power", "voltage-phases", histories=both), ZONE, NOW, is_zoomed=False)
    power, one, other = drawn["charts"]
    assert [line["name"] for line in power["lines"]] == ["Meter 1", "Meter 2"]
    assert [line["name"] for line in one["lines"]] == ["L1", "L2", "L3"]
    assert (one["title"], other["title"]) == ("Voltage, by phase · Meter 1", "Voltage, by phase · Meter 2")


def test_a_site_is_the_sum_of_its_meters_where_all_of_them_are_known() -> None:
    both = [MeterHistory(meter(1), measured(2)), MeterHistory(meter(2), measured(2, without=range(100, 288)))]
    site = (LineSource("House", tuple(both)),)
    drawn = build_charts(read("power", "voltage", histories=both, sources=site), ZONE, NOW, is_zoomed=False)
    power, voltage = drawn["charts"]
    assert len(power["lines"][0]["v"]) == 100
    assert power["lines"][0]["v"][0] == 20.0
    assert (voltage["lines"], voltage["note"]) == ([], "not added up over meters: choose one")


def test_another_time_lies_behind_what_is_now() -> None:
    now = read("power")
    earlier = tuple(
        LineSource(
            "Meter 1",
            (MeterHistory(meter(), [bucket._replace(at=bucket.at - 7 * DAY) for bucket in measured(1)]),),
        )
        for _ in range(1)
    )
    compared = ChartsOf(now.kinds, now.sources, now.history, (earlier, SPAN.earlier(7 * DAY)))
    [chart] = build_charts(compared, ZONE, NOW, is_zoomed=False)["charts"]
    assert [(line["name"], line["tone"]) for line in chart["lines"]] == [
        ("Wed 18 Nov", "was"),
        ("Wed 25 Nov", "1"),
    ]
    assert chart["lines"][0]["x"] == chart["lines"][1]["x"]
    assert chart["lines"][0]["band"] == ""


def test_what_was_not_measured_says_so() -> None:
    empty = read("power", histories=[MeterHistory(meter(), [])])
    drawn = build_charts(empty, ZONE, NOW, is_zoomed=False)
    assert not has_readings(empty)
    assert drawn["charts"][0]["note"] == "no readings"
    assert drawn["gaps"] == [(0.0, 1.0)]


def test_the_picture_is_a_drawing_of_its_own() -> None:
    histories = [MeterHistory(meter(), measured(1, without=range(24, 54), late=range(100, 112)))]
    drawn = build_charts(read("power", histories=histories), ZONE, NOW, is_zoomed=False)
    document = picture(drawn, "Cold & warm <room>", "Wed 25 Nov", "#1f5fd6")
    root = ET.fromstring(document)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Cold & warm <room>" in texts
    assert any(text and "No readings" in text for text in texts)
    assert b"var(--" not in document


def test_times_are_said_as_short_as_they_can_be() -> None:
    def words(span: TimeSpan, name: str, *, is_zoomed: bool = False) -> str:
        return span_in_words(span, ZONE, name, is_zoomed=is_zoomed)

    assert words(SPAN, "day") == "Wed 25 Nov 2026"
    assert words(TimeSpan(AT - 24 * DAY, AT + 6 * DAY), "month") == "November 2026"
    assert (
        words(TimeSpan(AT + 9 * DAY / 24, AT + DAY / 2), "day", is_zoomed=True)
        == "Wed 25 Nov, 09:00 \u2013 12:00"
    )
    assert period_name(SPAN, ZONE) == "Wed 25 Nov"
    assert gaps_in_words([], ZONE) == late_in_words([], ZONE) == ""
    many = [TimeSpan(AT + n * DAY / 24, AT + (n + 0.5) * DAY / 24) for n in range(5)]
    assert gaps_in_words(many, ZONE).endswith("and 2 more gaps")
