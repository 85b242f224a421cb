"""Tables as utilities and loggers export them: what is found out, what is asked for, what is refused in words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.core.readings.rules.figures_in_cells import DecimalMark
from portal.core.readings.rules.interval_energy import looks_like_intervals, rows_of_intervals
from portal.core.readings.rules.reading_files import (
    FileInvalid,
    IntervalRow,
    Note,
    ParsedRow,
    RefusedRow,
    RowOutcome,
    SkippedRow,
)
from portal.core.readings.rules.reading_tables import Row, TableOptions, parse_csv, parse_table
from portal.core.readings.rules.reading_times import DateOrder
from portal.core.readings.rules.readings import MeasuredRow

REGISTER = "energy_imported_kwh"
UTC_ZONE = ZoneInfo("UTC")


def outcomes(text: str, **options: Any) -> list[RowOutcome]:
    return list(parse_csv(text.splitlines(keepends=True), TableOptions(**options)))


def rows(found: list[RowOutcome]) -> list[MeasuredRow]:
    return [each.row for each in found if isinstance(each, ParsedRow)]


def registers(text: str, **options: Any) -> list[float | None]:
    return [row.energy_imported_kwh for row in rows(outcomes(text, **options))]


def refusals(found: list[RowOutcome]) -> list[str]:
    return [each.reason for each in found if isinstance(each, RefusedRow)]


def notes(found: list[RowOutcome]) -> str:
    return " ".join(each.text for each in found if isinstance(each, Note))


def of_intervals(text: str, **options: Any) -> list[RowOutcome]:
    found = outcomes(text, per_interval=True, **options)
    given = [each for each in found if isinstance(each, IntervalRow)]
    return [*(each for each in found if not isinstance(each, IntervalRow)), *rows_of_intervals(given, "csv")]


# Separators, decimal marks and headers


@pytest.mark.parametrize(
    ("separator", "words"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")]
)
def test_the_separator_is_found_and_said(separator: str, words: str) -> None:
    found = outcomes(f"time,{REGISTER},note\n2026-05-18T08:00:00Z,7.5,x\n".replace(",", separator))
    assert [row.energy_imported_kwh for row in rows(found)] == [7.5]
    assert f"cells separated by {words}" in notes(found)


def test_decimal_commas_between_semicolons_are_found_and_said() -> None:
    text = f"time;{REGISTER}\n2026-05-18T08:00:00Z;200,25\n2026-05-18T09:00:00Z;1.201,5\n"
    assert registers(text) == [200.25, 1201.5]
    assert "decimal comma" in notes(outcomes(text))


def test_decimal_commas_between_commas_are_refused_in_words() -> None:
    found = outcomes(f"time,{REGISTER}\n2026-05-18T08:00:00Z,200,25\n2026-05-18T09:00:00Z,201,5\n")
    assert rows(found) == []
    assert len({each.kind for each in found if isinstance(each, RefusedRow)}) == 1
    assert "3 cells, but the header has 2; does the file write decimals with commas" in refusals(found)[0]


@pytest.mark.parametrize(
    ("cells", "told", "values"),
    [
        (["1.5", "1,001.5"], None, [1.5, 1001.5]),
        (["0,500", "0,750"], None, [0.5, 0.75]),
        (["1.234", "2.345"], None, [1.234, 2.345]),
        (["1,234", "2,345"], DecimalMark.COMMA, [1.234, 2.345]),
        (["1,234", "2,345"], DecimalMark.POINT, [1234, 2345]),
        (["1.234", "2.345,5"], None, [1234, 2345.5]),
    ],
)
def test_a_decimal_mark_is_found_where_there_is_proof_of_it(
    cells: list[str], told: DecimalMark | None, values: list[float]
) -> None:
    lines = "".join(f"2026-05-18T0{n}:00:00Z;{cell}\n" for n, cell in enumerate(cells))
    assert registers(f"time;{REGISTER}\n{lines}", decimal_mark=told) == values


@pytest.mark.parametrize("cells", [["1,234", "2,345"], ["1,5", "2.5"]])
def test_a_decimal_mark_that_nobody_can_tell_is_asked_for(cells: list[str]) -> None:
    lines = "".join(f"2026-05-18T0{n}:00:00Z;{cell}\n" for n, cell in enumerate(cells))
    with pytest.raises(FileInvalid, match="--decimal-mark"):
        outcomes(f"time;{REGISTER}\n{lines}")


def test_a_comma_far_below_whole_numbers_is_not_taken_for_a_thousand() -> None:
    lines = "".join(f"2026-05-18T08:00:{n % 60:02}Z;{n}\n" for n in range(300))
    found = outcomes(f"time;{REGISTER}\n{lines}2026-05-19T08:00:00Z;301,125\n")
    assert "--decimal-mark comma" in refusals(found)[0]
    assert len(rows(found)) == 300


def test_the_header_is_found_below_title_lines() -> None:
    text = f'"Customer : C D",,\n"UOM: kWh",,\n\ntime,{REGISTER},voltage_v\n2026-05-18T08:00:00Z,5,230\n'
    found = outcomes(text)
    assert [(each.line, each.row.energy_imported_kwh) for each in found if isinstance(each, ParsedRow)] == [
        (5, 5.0)
    ]
    assert "header on line 4" in notes(found)


def test_a_byte_order_mark_and_quotes_are_no_part_of_a_name() -> None:
    assert registers(f'\ufeff"time","{REGISTER}"\n"2026-05-18T08:00:00Z","7"\n') == [7.0]


@pytest.mark.parametrize("name", ["energyImportedKwh", "energy_imported_kwh", "EnergyImportedKWH"])
def test_the_names_of_the_api_are_taken(name: str) -> None:
    assert registers(f"time,{name}\n2026-05-18T08:00:00Z,7\n") == [7.0]
    assert registers("time,Reg\n2026-05-18T08:00:00Z,7\n", columns={"reg": name}) == [7.0]


def test_other_spellings_are_no_quantity() -> None:
    with pytest.raises(FileInvalid, match="'kwh' is not a quantity; known are"):
        outcomes("time,Reg\n2026-05-18T08:00:00Z,7\n", columns={"Reg": "kwh"})


# Times


@pytest.mark.parametrize("name", ["Time", "TIMESTAMP", "Date/Time", "whenever"])
def test_a_time_column_may_have_any_name(name: str) -> None:
    (row,) = rows(outcomes(f"{name},Power\n1779091200000,12.5\n", columns={"Power": "activePowerKw"}))
    assert (row.at, row.active_power_kw) == (datetime(2026, 5, 18, 8, tzinfo=UTC), 12.5)


def test_a_time_column_may_be_named() -> None:
    text = f"time,{REGISTER},Read at\nx,7,2026-05-18T08:00:00Z\n"
    assert registers(text, time_columns=["read at"]) == [7.0]
    with pytest.raises(FileInvalid, match="no time column 'when'"):
        outcomes(text, time_columns=["when"])
    with pytest.raises(FileInvalid, match="no time column: name it with --time-column"):
        outcomes(f"a,{REGISTER}\nx,7\n")


def test_local_times_need_a_zone_and_say_so() -> None:
    text = f"timestamp,{REGISTER}\n2026-05-18 10:00:00,100\n2026-05-18 11:00:00,101\n"
    found = outcomes(text)
    assert rows(found) == []
    assert all("--time-zone" in reason for reason in refusals(found))
    taken = rows(outcomes(text, zone=ZoneInfo("Africa/Johannesburg")))
    assert [row.at.hour for row in taken] == [8, 9]


def test_a_clock_of_twelve_hours_is_taken_when_the_order_is_told() -> None:
    text = f"time,{REGISTER}\n4/5/2026 8:30:00 AM,100\n4/5/2026 1:30:00 PM,101\n"
    found = outcomes(text, zone=UTC_ZONE)
    assert len({each.kind for each in found if isinstance(each, RefusedRow)}) == 1
    assert "4 May 2026 (--date-order dmy) or 5 April 2026 (--date-order mdy)" in refusals(found)[0]
    taken = rows(outcomes(text, zone=UTC_ZONE, date_order=DateOrder.MONTH_FIRST))
    assert [row.at for row in taken] == [datetime(2026, 4, 5, hour, 30, tzinfo=UTC) for hour in (8, 13)]


# Cells


def test_words_for_a_missing_value_are_no_value_and_named() -> None:
    cells = ["7", "null", "NaN", "NA", "-", "unavailable", "#N/A", "8"]
    text = "".join(f"2026-05-18T0{n}:00:00Z,{cell}\n" for n, cell in enumerate(cells))
    found = outcomes(f"time,{REGISTER}\n{text}")
    assert [row.energy_imported_kwh for row in rows(found)] == [7.0, 8.0]
    assert refusals(found) == []
    said = notes(found)
    assert all(f"{word!r} in '{REGISTER}' stands for a missing value: 1 cell" in said for word in cells[1:-1])


def test_an_empty_cell_is_not_measured_and_not_zero() -> None:
    day = "2026-05-18T"
    text = f"time,{REGISTER},active_power_kw\n{day}08:00:00Z,7,1\n{day}08:30:00Z,,2\n{day}09:00:00Z,8,\n"
    assert [(row.energy_imported_kwh, row.active_power_kw) for row in rows(outcomes(text))] == [
        (7.0, 1.0), (None, 2.0), (8.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["1e-999999999", "9" * 5000, "1_000", "0x10", "1 2", "1e400"])
def test_a_number_made_to_cost_time_is_refused_in_few_words(cell: str) -> None:
    (reason,) = refusals(outcomes(f"time,{REGISTER}\n2026-05-18T08:00:00Z,{cell}\n"))
    assert "is not a number" in reason
    assert len(reason) < 200


def test_a_line_of_separators_alone_is_empty() -> None:
    found = outcomes(f"time,{REGISTER}\n,\n2026-05-18T08:00:00Z,7,,,\n")
    assert len(rows(found)) == 1
    assert refusals(found) == []


# Energy per interval


def test_energy_per_interval_becomes_a_register_that_loses_nothing() -> None:
    text = "time,used\n" + "".join(f"2026-05-18T0{n}:00:00Z,0.0{n}7\n" for n in range(4))
    found = of_intervals(text, columns={"used": REGISTER})
    assert [(row.at.hour, row.energy_imported_kwh) for row in rows(found)] == [
        (0, 0.0), (1, 0.007), (2, 0.024), (3, 0.051), (4, 0.088),
    ]  # fmt: skip
    assert "energy per interval of 60 minutes, stamped with its start" in notes(found)


def test_an_interval_may_be_stamped_with_its_end() -> None:
    text = "time,used\n2026-05-18T08:00:00Z,1\n2026-05-18T08:30:00Z,2\n"
    found = rows(of_intervals(text, columns={"used": REGISTER}, stamped_end=True))
    assert [(f"{row.at:%H:%M}", row.energy_imported_kwh) for row in found] == [
        ("07:30", 0),
        ("08:00", 1),
        ("08:30", 3),
    ]


def test_a_gap_between_intervals_holds_no_energy() -> None:
    text = "time,used\n" + "".join(f"2026-05-18T0{hour}:00:00Z,1\n" for hour in (0, 1, 2, 5))
    found = rows(of_intervals(text, columns={"used": REGISTER}))
    assert [(row.at.hour, row.energy_imported_kwh) for row in found][3:] == [(3, 3.0), (5, 3.0), (6, 4.0)]


def test_rows_in_any_order_make_the_same_register() -> None:
    lines = [f"2026-05-18T0{n}:00:00Z,{n}\n" for n in range(5)]
    options = {"columns": {"used": REGISTER}}
    assert rows(of_intervals("time,used\n" + "".join(lines), **options)) == rows(
        of_intervals("time,used\n" + "".join(reversed(lines)), **options)
    )


def test_date_and_time_apart_are_joined_and_a_duration_is_read() -> None:
    text = (
        '"Customer : C D",,,,\n"UOM: kWh",,,,\n"Meter","Date","Start Time","Duration","Consumed"\n'
        '"0","05/06/2026",12:00:00 AM,"Hour","0.41"\n"0","05/06/2026",01:00:00 AM,"Half hour","0.20"\n'
    )
    options = {
        "columns": {"Consumed": "energyImportedKwh"},
        "zone": UTC_ZONE,
        "date_order": DateOrder.MONTH_FIRST,
    }
    found = of_intervals(text, **options)
    assert [(f"{row.at:%m-%d %H:%M}", row.energy_imported_kwh) for row in rows(found)] == [
        ("05-06 00:00", 0), ("05-06 01:00", 0.41), ("05-06 01:30", 0.61),
    ]  # fmt: skip
    assert "times from 'Date' and 'Start Time'" in notes(found)


@pytest.mark.parametrize(
    ("date", "clock"), [("Datum", "Uhrzeit"), ("Date", "Hour beginning"), ("Day", "Time")]
)
def test_a_time_of_day_beside_a_date_is_found_by_what_is_in_it(date: str, clock: str) -> None:
    text = f"{date};{clock};Stand\n18.05.2026;00:15;100,5\n18.05.2026;00:30;100,7\n"
    found = rows(outcomes(text, columns={"Stand": REGISTER}, zone=UTC_ZONE, date_order=DateOrder.DAY_FIRST))
    assert [f"{row.at:%d %H:%M}" for row in found] == ["18 00:15", "18 00:30"]


def test_a_whole_time_called_date_is_not_joined_with_another() -> None:
    text = f"Date,Time,{REGISTER}\n2026-05-18 00:00,00:00,1\n2026-05-18 00:30,00:30,2\n"
    assert [row.at.minute for row in rows(outcomes(text, zone=UTC_ZONE))] == [0, 30]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(FileInvalid, match="two columns are called"):
        outcomes(f"time,{REGISTER},{REGISTER}\n2026-05-18T08:00:00Z,1,2\n")


def test_a_quotation_mark_that_stays_open_does_not_swallow_lines_in_silence() -> None:
    found = outcomes(f'time,{REGISTER}\n"2026-05-18T08:00:00Z,1\n2026-05-18T09:00:00Z,2\n')
    assert "opened and not closed" in refusals(found)[0]


def test_months_are_no_intervals() -> None:
    text = "time,used\n" + "".join(f"2026-0{month}-01T00:00:00Z,300\n" for month in (1, 2, 3))
    with pytest.raises(FileInvalid, match="of a day at most"):
        of_intervals(text, columns={"used": REGISTER})


def test_intervals_whose_times_cannot_be_read_say_why() -> None:
    found = of_intervals("time,used\n2026-05-18 08:00,1\n2026-05-18 09:00,1\n", columns={"used": REGISTER})
    assert all("--time-zone" in reason for reason in refusals(found))


def test_a_single_interval_needs_its_length() -> None:
    text = "time,used\n2026-05-18T08:00:00Z,1\n"
    with pytest.raises(FileInvalid, match="--interval 30"):
        of_intervals(text, columns={"used": REGISTER})
    found = of_intervals(text, columns={"used": REGISTER}, interval=timedelta(minutes=15))
    assert [row.at.minute for row in rows(found)] == [0, 15]


def test_intervals_that_overlap_or_come_twice_are_refused() -> None:
    times = ("08:00", "08:30", "09:00", "09:00", "09:15")
    text = "time,used\n" + "".join(f"2026-05-18T{each}:00Z,1\n" for each in times)
    found = of_intervals(text, columns={"used": REGISTER}, interval=timedelta(minutes=30))
    assert refusals(found) == [
        "the interval of line 4 was given before",
        "the interval overlaps the one of line 4: is its length right? (--interval)",
    ]


def test_days_on_which_clocks_change_are_whole_days() -> None:
    text = "Date,used\n" + "".join(f"2026-10-{day}T00:00,10\n" for day in (23, 24, 25, 26, 27))
    found = of_intervals(text, columns={"used": REGISTER}, zone=ZoneInfo("Europe/Berlin"))
    assert refusals(found) == []
    assert [row.energy_imported_kwh for row in rows(found)] == [0, 10, 20, 30, 40, 50]
    assert rows(found)[3].at - rows(found)[2].at == timedelta(hours=25)


def test_power_beside_the_energy_stays_at_its_own_time() -> None:
    text = "time,used,kw\n2026-05-18T08:00:00Z,1,2\n2026-05-18T09:00:00Z,1,3\n"
    found = rows(of_intervals(text, columns={"used": REGISTER, "kw": "active_power_kw"}))
    assert [(row.energy_imported_kwh, row.active_power_kw) for row in found] == [(0, 2), (1, 3), (2, None)]


@pytest.mark.parametrize("cell", ["-1", "1e-999999999", "1e18"])
def test_no_amount_of_energy_is_refused(cell: str) -> None:
    found = of_intervals(
        f"time,used\n2026-05-18T08:00:00Z,1\n2026-05-18T09:00:00Z,{cell}\n", columns={"used": REGISTER}
    )
    assert ["amount of energy" in reason or "not a number" in reason for reason in refusals(found)] == [True]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.7, 0.4, 0.6, 0.5], True),
        ([0, 0, 0, 1.5, 3.2, 2.1, 0.4, 0, 0], True),
        ([100, 101, 102, 0, 1, 2, 3, 4, 5, 6, 7, 8], False),  # one reset
        ([100.0, 99.9, 100.0, 99.9, 100.0, 100.1], False),  # a wobble
        ([100, 101, 103, 103, 107], False),
        ([0.5, 0.4], False),  # nobody can tell by two
        ([], False),
    ],
)
def test_a_register_that_falls_row_after_row_is_none(values: list[float], *, expected: bool) -> None:
    assert looks_like_intervals(values) is expected


# Of any size


def test_a_file_is_read_as_it_comes() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        yield f"time,{REGISTER}\n"
        while True:
            taken += 1
            yield f"{1_779_091_200 + taken},{taken}\n"

    found = parse_csv(endless())
    for _ in range(5000):
        assert isinstance(next(found), (ParsedRow, Note))
    assert taken < 5500


def test_rows_of_a_workbook_are_read_the_same_way() -> None:
    table = [
        ["", "Plant"],
        ["time", REGISTER],
        ["2026-05-18 08:00:00", "7.5"],
        ["2026-05-18 09:00:00", "null"],
    ]
    numbered = [Row(number, cells) for number, cells in enumerate(table, start=1)]
    found = list(parse_table(numbered, TableOptions(zone=UTC_ZONE)))
    assert [row.energy_imported_kwh for row in rows(found)] == [7.5]
    assert [each.line for each in found if isinstance(each, SkippedRow)] == [4]
