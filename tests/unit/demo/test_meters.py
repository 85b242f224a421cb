"""What the demo's meters send, and when."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.core.errors import Invalid
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.tariffs.rules.tariff_wire import read_tariffs
from portal.demo import site_plan
from portal.demo.meters import HISTORY_STEP, Meter, recorded, recording_id, simulated

START = datetime(2026, 10, 1, 10, 7, 31, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def meter() -> Meter:
    return simulated(site_plan.DEVICES[0])


def times(rows: Iterable[MeasuredRow]) -> list[datetime]:
    return [row.at for row in rows]


def test_history_is_every_quarter_of_an_hour_after_the_last_reading(meter: Meter) -> None:
    found = times(meter.source.history(START, START + timedelta(hours=1)))
    assert [f"{at:%H:%M:%S}" for at in found] == ["10:15:00", "10:30:00", "10:45:00", "11:00:00"]


def test_history_begins_after_a_reading_that_stands_on_the_quarter_itself(meter: Meter) -> None:
    on_the_quarter = START.replace(minute=15, second=0)
    assert times(meter.source.history(on_the_quarter, on_the_quarter + HISTORY_STEP)) == [
        on_the_quarter + HISTORY_STEP
    ]


def test_stopping_and_going_on_sends_nothing_twice_and_leaves_nothing_out(meter: Meter) -> None:
    end, cut = START + DAY, START + timedelta(hours=5, minutes=3)
    in_one_go = times(meter.source.history(START, end))
    before = times(meter.source.history(START, cut))
    assert before + times(meter.source.history(before[-1], end)) == in_one_go


def test_the_register_goes_on_where_it_was_in_another_process() -> None:
    first, again = simulated(site_plan.DEVICES[2]), simulated(site_plan.DEVICES[2])
    assert list(first.source.history(START, START + DAY)) == list(again.source.history(START, START + DAY))


def test_no_two_meters_show_the_same_register() -> None:
    shown = {
        next(simulated(device).source.history(START, START + DAY)).energy_imported_kwh
        for device in site_plan.DEVICES
    }
    assert len(shown) == len(site_plan.DEVICES)


def test_no_meter_exceeds_the_power_its_device_is_rated_for() -> None:
    for device in site_plan.DEVICES:
        week = simulated(device).source.history(START, START + 7 * DAY)
        strongest = max(row.active_power_kw or 0 for row in week)
        assert device.plan.max_power_kw is not None
        assert strongest <= float(device.plan.max_power_kw), device.plan.name


def test_the_tariffs_are_sound_and_price_every_hour_of_the_week() -> None:
    drafted, wrong = read_tariffs(site_plan.tariffs())
    assert drafted
    assert wrong == []
    for tariff in drafted.values():
        minutes = sum(
            period.days_of_week.bit_count() * _minutes(period.start_time, period.end_time)
            for period in tariff.periods
        )
        assert minutes == 7 * 24 * 60


def _minutes(start: time, end: time) -> int:
    return (end.hour or 24) * 60 + end.minute - start.hour * 60 - start.minute


class TestRecording:
    ROWS = (
        ("2015-10-05T06:00:00Z", "100.0"),  # a Monday
        ("2015-10-05T07:00:00Z", "101.5"),
        ("2015-10-12T06:00:00Z", "150.0"),
    )

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "bakery.csv"
        lines = ["time,energy_imported_kwh", *(",".join(row) for row in self.ROWS)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def test_it_is_played_from_the_start_with_weekday_and_hour_kept(self, file: Path) -> None:
        rows = list(recorded(file, START).source.history(START, START + 30 * DAY))
        assert [row.energy_imported_kwh for row in rows] == [100.0, 101.5, 150.0]
        assert START < rows[0].at <= START + 7 * DAY
        assert [f"{row.at.astimezone(ZoneInfo('UTC')):%a %H:%M}" for row in rows] == [
            "Mon 06:00",
            "Mon 07:00",
            "Mon 06:00",
        ]

    def test_a_row_whose_hour_is_the_start_itself_is_played_as_well(self, file: Path) -> None:
        start = datetime(2026, 10, 26, 6, tzinfo=UTC)
        rows = list(recorded(file, start).source.history(start, start + 30 * DAY))
        assert [row.energy_imported_kwh for row in rows] == [100.0, 101.5, 150.0]
        assert start < rows[0].at <= start + 7 * DAY

    def test_a_row_is_sent_when_it_is_due_and_not_before(self, file: Path) -> None:
        source = recorded(file, START).source
        first, second, _ = times(source.history(START, START + 30 * DAY))
        assert times(source.history(first, second - timedelta(seconds=1))) == []
        assert times(source.history(first, second)) == [second]

    def test_rows_out_of_order_are_played_in_order(self, tmp_path: Path) -> None:
        path = tmp_path / "mixed.csv"
        path.write_text("time,active_power_kw\n2026-01-02T00:00:00Z,2\n2026-01-01T00:00:00Z,1\n")
        rows = recorded(path, START).source.history(START, START + 30 * DAY)
        assert [row.active_power_kw for row in rows] == [1.0, 2.0]

    def test_another_file_is_another_device(self, file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.csv"
        other.write_text("time,voltage_v\n2026-01-01T00:00:00Z,230\n", encoding="utf-8")
        assert recording_id(file) != recording_id(other)
        assert recorded(file, START).plan.name == "bakery"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "no column"),
            (b"time,colour\n2026-01-01T00:00:00Z,red\n", "no column is mapped"),
            (b"time,voltage_v\nyesterday,230\n", "no reading"),
            (b"\xff\xfe\x00", "can't be used"),
        ],
    )
    def test_a_file_that_holds_no_reading_is_refused(
        self, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        path = tmp_path / "bad.csv"
        path.write_bytes(content)
        with pytest.raises(Invalid, match=reason):
            recorded(path, START)

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Invalid, match="can't be read"):
            recording_id(tmp_path / "none.csv")
