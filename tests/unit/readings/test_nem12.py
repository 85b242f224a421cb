"""NEM12 interval files: registers that lose nothing, and reasons for what is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portal.core.readings.rules.nem12 import Nem12Options, parse_nem12
from portal.core.readings.rules.reading_files import FileInvalid, LeftOut, ParsedRow, RefusedRow, RowOutcome
from portal.core.readings.rules.readings import MeasuredRow
from tests import samples

SAMPLES = samples.directory / "nem12"  # the market's example files
needs_samples = samples.needs(SAMPLES)

HEADER = "100,NEM12,202605180000,MDP,RET\n"
END = "900\n"


def channel(suffix: str = "E1", nmi: str = "NMI1", unit: str = "kWh", minutes: int | str = 30) -> str:
    return f"200,{nmi},B1E1,{suffix},{suffix},N1,METER,{unit},{minutes},\n"


def day(date: str = "20260518", values: list[str] | None = None, quality: str = "A") -> str:
    return f"300,{date},{','.join(values or ['0.25'] * 48)},{quality},,,20260519000000,\n"


def outcomes(*records: str, nmi: str | None = None) -> list[RowOutcome]:
    return list(parse_nem12("".join((HEADER, *records, END)).splitlines(keepends=True), Nem12Options(nmi)))


def rows(found: list[RowOutcome]) -> list[MeasuredRow]:
    return [outcome.row for outcome in found if isinstance(outcome, ParsedRow)]


def refusals(found: list[RowOutcome]) -> list[tuple[int, str]]:
    return [(outcome.line, outcome.reason) for outcome in found if isinstance(outcome, RefusedRow)]


def test_days_are_in_eastern_standard_time_and_readings_end_their_interval() -> None:
    found = rows(outcomes(channel(), day()))
    assert found[0].at == datetime(
        2026, 5, 17, 14, tzinfo=UTC
    )  # 00:00 +10:00: where the register stands before
    assert found[1].at == found[0].at + timedelta(minutes=30)
    assert found[-1].at == datetime(2026, 5, 18, 14, tzinfo=UTC)
    assert len(found) == 49
    assert found[1].source == "nem12"


def test_the_register_is_exact_to_the_watt_hour_and_below() -> None:
    found = rows(outcomes(channel(), day(values=["0.043"] * 48)))
    assert [row.energy_imported_kwh for row in found[:4]] == [0.0, 0.043, 0.086, 0.129]
    assert found[-1].energy_imported_kwh == 2.064
    assert found[-1].energy_exported_kwh is None
    thirds = rows(outcomes(channel(), day(values=["0.3333333333"] * 48)))
    assert thirds[-1].energy_imported_kwh == 16.0  # what is finer than a milliwatt-hour is carried on


def test_import_and_export_of_an_instant_are_one_row() -> None:
    found = rows(outcomes(channel("B1"), day(values=["1"] * 48), channel("E1"), day(values=["0.5"] * 48)))
    assert len(found) == 49
    assert (found[-1].energy_imported_kwh, found[-1].energy_exported_kwh) == (24.0, 48.0)


@pytest.mark.parametrize(
    ("unit", "register"), [("Wh", 0.012), ("kWh", 12.0), ("MWh", 12_000.0), ("KWH", 12.0)]
)
def test_units_are_those_of_the_channel(unit: str, register: float) -> None:
    assert rows(outcomes(channel(unit=unit), day()))[-1].energy_imported_kwh == register


def test_a_missing_day_is_a_gap_without_energy() -> None:
    found = rows(outcomes(channel(), day("20260518"), day("20260520")))
    first_end, second_start = datetime(2026, 5, 18, 14, tzinfo=UTC), datetime(2026, 5, 19, 14, tzinfo=UTC)
    register = {row.at: row.energy_imported_kwh for row in found}
    assert register[first_end] == register[second_start] == 12.0
    assert found[-1].energy_imported_kwh == 24.0


def test_days_may_come_in_any_order() -> None:
    assert rows(outcomes(channel(), day("20260519"), day("20260518"))) == rows(
        outcomes(channel(), day("20260518"), day("20260519"))
    )


@pytest.mark.parametrize("quality", ["E52", "N", "V", "", "X"])
def test_a_day_that_nobody_stands_by_is_refused(quality: str) -> None:
    found = outcomes(channel(), day(quality=quality))
    assert rows(found) == []
    ((line, reason),) = refusals(found)
    assert line == 3
    assert "2026-05-18, intervals 1 to 48" in reason


@pytest.mark.parametrize("quality", ["A", "F14", "S14"])
def test_actual_final_and_substituted_values_are_taken(quality: str) -> None:
    assert refusals(outcomes(channel(), day(quality=quality))) == []


def test_quality_may_differ_within_a_day() -> None:
    found = outcomes(
        channel(), day(quality="V"), "400,1,10,A,,\n", "400,11,11,E52,32,\n", "400,12,48,S14,1,\n"
    )
    assert refusals(found) == [
        (
            3,
            (
                "2026-05-18, interval 11: quality 'E52' is an estimate, so the energy is not taken"
                " (--estimates take or leave-out)"
            ),
        )
    ]
    assert rows(found)[-1].energy_imported_kwh == 11.75


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ((channel(), day(values=["1"] * 40)), "40 values are there where 48 belong"),
        ((channel(minutes=15), day(values=["0.1"] * 288)), "288 values are there where 96 belong"),
        ((channel(), day(date="20260230")), "'20260230' is not a date"),
        ((channel(), day(values=["1"] * 47 + ["-1"])), "interval 48: '-1' is not an amount of energy"),
        ((channel(), day(values=["1"] * 3 + ["x"] + ["1"] * 44)), "interval 4: 'x' is not an amount"),
        ((channel(), day(), day()), "given before"),
        ((channel(unit="kVArh"), day()), "'kVArh'"),
        ((channel(minutes=7), day()), "'7' minutes"),
        ((channel(), day(), "400,40,50,A,,\n"), "intervals 40 to 50 do not exist"),
        ((channel(), day(), "400,A\n"), "400 record"),
        (("200,NMI1\n",), "200 record"),
        ((channel(), day(), "777,1\n"), "unknown record '777'"),
        ((channel(), day(), channel(minutes=15), day("20260518", ["1"] * 96)), "given before"),
        (
            (channel(), day(values=["1e-999999999"] + ["1"] * 47)),
            "interval 1: '1e-999999999' is not an amount",
        ),
        ((channel(), day(values=["9" * 5000] + ["1"] * 47)), "is not an amount"),
        ((day(),), "a 300 record without the 200 record"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(records: tuple[str, ...], reason: str) -> None:
    ((_, found),) = refusals(outcomes(*records))
    assert reason in found


def test_other_channels_are_named_with_what_they_hold() -> None:
    found = outcomes(
        channel("Q1", unit="kVArh"), day(), channel("E2"), day(), day("20260519"), channel(), day()
    )
    left = {each.channel: each for each in found if isinstance(each, LeftOut)}
    assert [(name, float(each.amount), each.unit) for name, each in left.items()] == [
        ("Q1", 12.0, "kVArh"),
        ("E2", 24.0, "kWh"),
    ]
    assert "--channel E2=energyImportedKwh" in left["E2"].reason
    assert len(rows(found)) == 49


def test_a_file_of_several_meters_must_say_which() -> None:
    both = (channel(nmi="NMI1"), day(), channel(nmi="NMI2"), day(values=["1"] * 48))
    with pytest.raises(FileInvalid, match="NMI1 and NMI2"):
        outcomes(*both)
    assert rows(outcomes(*both, nmi="NMI2"))[-1].energy_imported_kwh == 48.0


def test_a_file_that_stops_in_the_middle_is_noticed() -> None:
    found = list(parse_nem12([HEADER, channel(), day()]))
    assert "cut off" in refusals(found)[0][1]
    assert len(rows(found)) == 49


@pytest.mark.parametrize("text", ["", "time,kwh\n", "100,NEM13,1,A,B\n"])
def test_other_files_are_refused_as_a_whole(text: str) -> None:
    with pytest.raises(FileInvalid):
        list(parse_nem12(text.splitlines(keepends=True)))


@needs_samples
def test_a_real_solar_month_keeps_every_watt_hour() -> None:
    with (SAMPLES / "Example_NEM12_month_solar.csv").open(encoding="utf-8") as lines:
        found = list(parse_nem12(lines))
    last = rows(found)[-1]
    assert refusals(found) == []
    # The file's intervals add up to 270.738 kWh imported and 589.172 kWh exported.
    assert (last.energy_imported_kwh, last.energy_exported_kwh) == (270.738, 589.172)
    assert len(rows(found)) == 31 * 288 + 1


@needs_samples
@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("Example_NEM12_multiple_quality.csv", "896.99"),
        ("Example_NEM12_substituted_interval.csv", "110.976"),
    ],
)
def test_the_markets_own_examples_are_read(name: str, total: str) -> None:
    with (SAMPLES / name).open(encoding="utf-8") as lines:
        found = list(parse_nem12(lines))
    assert refusals(found) == []
    assert Decimal(str(rows(found)[-1].energy_imported_kwh)) == Decimal(total)


@needs_samples
def test_a_nem13_file_is_told_apart() -> None:
    with (
        (SAMPLES / "Example_NEM13_consumption_data.csv").open(encoding="utf-8") as lines,
        pytest.raises(FileInvalid, match="NEM13"),
    ):
        list(parse_nem12(lines))
