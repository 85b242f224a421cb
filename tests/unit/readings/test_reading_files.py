"""CSV files of readings: what is taken, what is refused and why."""

from datetime import UTC, datetime

import pytest

from portal.core.readings.rules.reading_files import (
    FileInvalid,
    Note,
    ParsedRow,
    RefusedRow,
    RowOutcome,
    SkippedRow,
)
from portal.core.readings.rules.reading_tables import TableOptions, parse_csv
from tests import samples

SAMPLE = samples.directory / "opsd" / "household_data_60min_singleindex.csv"
GRID = {"import": "energy_imported_kwh", "export": "energy_exported_kwh"}


def outcomes(text: str, columns: dict[str, str] | None = None) -> list[RowOutcome]:
    found = parse_csv(text.splitlines(keepends=True), TableOptions(columns=columns or {}))
    return [each for each in found if not isinstance(each, Note)]


def test_mapped_columns_become_quantities() -> None:
    (row,) = outcomes("time,import,export,other\n2026-05-18T10:00:00+02:00,12.5,,9\n", GRID)
    assert isinstance(row, ParsedRow)
    assert (row.line, row.row.at) == (2, datetime(2026, 5, 18, 8, tzinfo=UTC))
    assert (row.row.energy_imported_kwh, row.row.energy_exported_kwh, row.row.source) == (12.5, None, "csv")


def test_columns_called_like_a_quantity_need_no_mapping() -> None:
    (row,) = outcomes("utc_timestamp,voltage_v,frequency_hz\n2026-05-18T08:00:00Z,230.1,50\n")
    assert isinstance(row, ParsedRow)
    assert (row.row.voltage_v, row.row.frequency_hz) == (230.1, 50.0)


def test_rows_without_a_mapped_value_are_counted_and_not_refused() -> None:
    found = outcomes(
        "time,import,export\n2026-05-18T08:00:00Z,, \n\nnonsense\n2026-05-18T08:00:00Z,1,\n", GRID
    )
    assert found[:2] == [SkippedRow(2), SkippedRow(4)]
    assert isinstance(found[2], ParsedRow)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-05-18T08:00:00,1,", "no UTC offset"),
        ("yesterday,1,", "ISO 8601"),
        ("2026-05-18T08:00:00Z,1 234,", "import is '1 234'"),
        ("2026-05-18T08:00:00Z,inf,", "import is 'inf'"),
        ("2026-05-18T08:00:00Z,1_000,", "import is '1_000'"),
        ("2026-05-18T08:00:00Z,1,2,3", "4 cells"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_rest_kept(row: str, reason: str) -> None:
    good = "2026-05-18T09:00:00Z,5,"
    refused, kept = outcomes(f"time,import,export\n{row}\n{good}\n", GRID)
    assert isinstance(refused, RefusedRow)
    assert refused.line == 2
    assert reason in refused.reason
    assert isinstance(kept, ParsedRow)


@pytest.mark.parametrize(
    ("header", "columns", "reason"),
    [
        ("time,import", {"imports": "energy_imported_kwh"}, "no column 'imports'"),
        ("time,import", {"import": "energy"}, "'energy' is not a quantity"),
        ("time,import", None, "no column is mapped"),
        ("time,a,b", {"a": "voltage_v", "b": "voltage_v"}, "two columns"),
        ("", None, "no column is mapped"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_as_a_whole(
    header: str, columns: dict | None, reason: str
) -> None:
    with pytest.raises(FileInvalid, match=reason):
        outcomes(f"{header}\n2026-05-18T08:00:00Z,1\n", columns)


def test_marks_quotes_and_spaces_of_spreadsheets_are_understood() -> None:
    (row,) = outcomes(
        '\ufeff"time" ,"import"\r\n"2026-05-18T08:00:00Z"," 1.5 "\r\n', {"import": "energy_imported_kwh"}
    )
    assert isinstance(row, ParsedRow)
    assert row.row.energy_imported_kwh == 1.5


@samples.needs(SAMPLE)
def test_a_real_household_is_read_whole() -> None:
    prefix = "DE_KN_residential4_grid_"
    columns = {f"{prefix}import": "energy_imported_kwh", f"{prefix}export": "energy_exported_kwh"}
    with SAMPLE.open(encoding="utf-8") as lines:
        found = [
            each for each in parse_csv(lines, TableOptions(columns=columns)) if not isinstance(each, Note)
        ]
    parsed = [row.row for row in found if isinstance(row, ParsedRow)]
    assert len(found) == 11_867
    assert not [row for row in found if isinstance(row, RefusedRow)]
    assert (parsed[-1].energy_imported_kwh, parsed[-1].energy_exported_kwh) == (6321.393, 9563.098)
    assert parsed[-1].at == datetime(2017, 2, 9, 11, tzinfo=UTC)
