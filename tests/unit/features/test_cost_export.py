"""Files hold what the page shows: the same figures, as numbers, with their days and currency."""

import csv
from codecs import BOM_UTF8
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook

from portal.core.cost.rules.cost import CostReport, DayCost, DeviceCost, FixedCost, PeriodCost
from portal.core.cost.rules.coverage import NO_COVERAGE, Coverage, DayCover
from portal.core.energy.rules.as_of import AsOf
from portal.features.cost.export import LISTINGS, csv_bytes, download
from portal.features.cost.sheets import Export, sheets
from portal.features.cost.view import build_cost
from portal.features.cost.workbook import xlsx_bytes
from portal.ui.range_picker import DayRange

MONDAY = datetime(2026, 5, 18, tzinfo=UTC)
THIRD = Decimal(1) / 3
PARTS = (THIRD, THIRD, THIRD * Decimal("0.15"), THIRD * Decimal("1.15"))
WHOLE = tuple(part * 3 for part in PARTS)
FIGURES = ("kWh", "Base", "VAT", "Total")
NAMES = ("=cmd|' /C calc'!A0", "+Plus", "Plain")
REPORT = CostReport(
    from_at=MONDAY,
    to_at=MONDAY + timedelta(days=3),
    currency="ZAR",
    total_kwh=WHOLE[0],
    base_cost=WHOLE[1],
    vat=WHOLE[2],
    total=WHOLE[3],
    buckets_without_tariff=2,
    unallocated_kwh=Decimal(5),
    estimated_kwh=Decimal(0),
    suspect_readings=0,
    days=tuple(DayCost(date(2026, 5, 18 + n), *PARTS, (PeriodCost("Peak", *PARTS),)) for n in range(3)),
    devices=tuple(DeviceCost(UUID(int=n), name, f"@Site {n}", *PARTS, 0) for n, name in enumerate(NAMES)),
    periods=(PeriodCost("Peak", *WHOLE),),
    fixed=(
        FixedCost(
            date(2026, 5, 1), date(2026, 5, 31), "Mill", "TOU", Decimal(100), Decimal(15), Decimal(115)
        ),
    ),
    as_of=AsOf(MONDAY + timedelta(hours=9)),
)
EXPORT = Export(REPORT, DayRange(date(2026, 5, 18), date(2026, 5, 20)), "Africa/Johannesburg", "All", MONDAY)


def rows_of(listing: str) -> list[dict[str, str]]:
    body = csv_bytes([sheets(REPORT, NO_COVERAGE)[LISTINGS.index(listing)]], EXPORT)
    return list(csv.DictReader(StringIO(body.decode("utf-8-sig"))))


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_file_holds_the_figures_of_its_table(listing: str) -> None:
    shown = build_cost(REPORT)
    table = [[row["kwh"] or "0.00", row["base"], row["vat"], row["total"]] for row in getattr(shown, listing)]
    rows = rows_of(listing)
    assert [[row[name] for name in FIGURES] for row in rows] == table
    assert {row["Currency"] for row in rows} == {"ZAR"}


@pytest.mark.parametrize("listing", LISTINGS)
def test_the_rows_of_a_file_add_up(listing: str) -> None:
    rows = rows_of(listing)
    total = dict(zip(FIGURES, build_cost(REPORT).total_cells, strict=True))
    for name in FIGURES:
        assert sum(Decimal(row[name]) for row in rows) == Decimal(total[name])


@pytest.mark.parametrize("for_machine", [True, False])
@pytest.mark.parametrize("listing", LISTINGS)
def test_a_file_is_read_by_pandas_as_it_is(listing: str, *, for_machine: bool) -> None:
    import pandas as pd  # noqa: PLC0415 - every process collects this file, and one runs it

    body = csv_bytes([sheets(REPORT, NO_COVERAGE)[LISTINGS.index(listing)]], EXPORT, for_machine=for_machine)
    assert body.startswith(BOM_UTF8) is not for_machine
    table = pd.read_csv(BytesIO(body))
    first = {"days": "Day", "devices": "Device", "sites": "Site", "periods": "Period"}[listing]
    note = "Site" if listing == "devices" else "Note"
    assert list(table.columns) == [
        first,
        note,
        *FIGURES,
        "Currency",
        "From",
        "To",
        "Days in",
        "As of",
        "Complete",
    ]
    assert [table[name].dtype for name in FIGURES] == [float] * 4
    assert round(table["Total"].sum(), 2) == 116.15
    assert "Total" not in set(table[first])
    if listing == "days":
        days = pd.to_datetime(table["Day"], format="%Y-%m-%d")
        assert days.notna().sum() == 3
        notes = [note.replace("\u00a0", " ") for note in table["Note"]]
        assert notes == ["R 66.77 fixed", "R 3.71 fixed", "R 44.52 fixed"]


def test_every_row_says_which_days_it_is_about() -> None:
    assert {(row["From"], row["To"], row["Days in"]) for row in rows_of("devices")} == {
        ("2026-05-18", "2026-05-20", "Africa/Johannesburg")
    }


def test_every_row_says_how_far_it_goes() -> None:
    assert {(row["As of"], row["Complete"]) for row in rows_of("days")} == {("2026-05-18T09:00:00Z", "yes")}
    partly = replace(EXPORT, report=replace(REPORT, as_of=replace(REPORT.as_of, is_complete=False)))
    body = csv_bytes([sheets(REPORT, NO_COVERAGE)[0]], partly).decode("utf-8-sig")
    assert {row["Complete"] for row in csv.DictReader(StringIO(body))} == {"no"}


def test_a_name_does_not_become_a_formula() -> None:
    rows = rows_of("devices")
    assert [row["Device"] for row in rows[:3]] == [f"'{NAMES[0]}", "'+Plus", "Plain"]
    assert rows[0]["Site"] == "'@Site 0"
    cells = workbook()["Devices"]
    assert (cells["A2"].value, cells["A2"].data_type) == (NAMES[0], "s")


@pytest.mark.parametrize(
    "name", ["Bell\x07", "Es\x1bc", "C1\x9b", "Half\ud800", "None\uffff", "Two\nlines", "\u202eover"]
)
def test_a_name_of_an_earlier_release_does_not_stop_a_file(name: str) -> None:
    devices = (replace(REPORT.devices[0], name=name, site_name=name),)
    export = replace(EXPORT, report=replace(REPORT, devices=devices), about=name)
    book = load_workbook(BytesIO(xlsx_bytes(export)))
    kept = "".join(
        " " if character in "\x07\x1b\x9b\ud800\uffff\n\u202e" else character for character in name
    )
    assert book["Devices"]["A2"].value == kept
    assert book["Report"]["B1"].value == kept
    body = csv_bytes([sheets(export.report, NO_COVERAGE)[LISTINGS.index("devices")]], export)
    assert next(csv.DictReader(StringIO(body.decode("utf-8-sig"))))["Device"] == kept


@pytest.mark.parametrize("sign", ["\uff1d", "\uff0b", "\uff0d", "\uff20", "\u200b=", "\ufeff@", "\t="])
def test_a_wide_or_hidden_sign_does_not_begin_a_formula(sign: str) -> None:
    report = replace(REPORT, devices=(replace(REPORT.devices[0], name=f"{sign}1+1"),))
    body = csv_bytes([sheets(report, NO_COVERAGE)[LISTINGS.index("devices")]], EXPORT)
    assert next(csv.DictReader(StringIO(body.decode("utf-8-sig"))))["Device"].startswith("'")


def test_a_workbook_holds_numbers_and_dates() -> None:
    page = workbook()["Days"]
    assert [cell.value for cell in page[1]] == ["Day", "Note", "kWh", "Base ZAR", "VAT ZAR", "Total ZAR"]
    assert page["A2"].value == datetime(2026, 5, 18)  # noqa: DTZ001 - a spreadsheet's dates have no zone
    assert [page.cell(2, column).data_type for column in range(3, 7)] == ["n"] * 4
    assert Decimal(str(page.cell(page.max_row, 6).value)) == Decimal("116.15")


def test_a_workbook_says_what_it_is_about() -> None:
    facts = {row[0].value: row[1].value for row in workbook()["Report"].iter_rows()}
    assert facts["Energy of"] == "All"
    assert facts["First day"] == datetime(2026, 5, 18)  # noqa: DTZ001
    assert (facts["Days in"], facts["Currency"]) == ("Africa/Johannesburg", "ZAR")
    assert Decimal(str(facts["Total"])) == Decimal("116.15")
    notes = [row[1].value for row in workbook()["Report"].iter_rows() if row[0].value == "Note"]
    assert any("No tariff" in note for note in notes)
    assert any("gaps" in note for note in notes)


def test_a_file_is_called_by_its_listing_and_days() -> None:
    answer = download(EXPORT, "csv", "devices", "cost")
    assert "cost-devices-2026-05-18-2026-05-20.csv" in answer.headers["Content-Disposition"]
    assert (
        "cost-2026-05-18-2026-05-20.xlsx"
        in download(EXPORT, "xlsx", "", "cost").headers["Content-Disposition"]
    )


def test_energy_without_a_fixed_charge_is_not_said_to_have_one() -> None:
    report = replace(REPORT, fixed=())
    facts = {
        row[0].value: row[1].value
        for row in load_workbook(BytesIO(xlsx_bytes(replace(EXPORT, report=report))))["Report"].iter_rows()
    }
    assert facts["Fixed charges"] == "not included"


def workbook() -> Any:
    return load_workbook(BytesIO(xlsx_bytes(EXPORT)))


def test_a_day_without_readings_has_no_figures_and_one_with_some_of_them_says_how_many() -> None:
    zero = DayCost(date(2026, 5, 19), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    report = replace(
        REPORT,
        days=(REPORT.days[0], zero, REPORT.days[2]),
        fixed=(),
        coverage=Coverage(
            (
                DayCover(date(2026, 5, 18), 72, 72),
                DayCover(date(2026, 5, 19), 72, 0),
                DayCover(date(2026, 5, 20), 72, 70),
            )
        ),
    )
    body = csv_bytes([sheets(report, report.coverage)[0]], EXPORT).decode("utf-8-sig")
    rows = [row for row in csv.DictReader(StringIO(body)) if row["Day"]]
    assert [row["Note"] for row in rows] == ["", "no readings", "70 of 72 h"]
    assert [rows[1][name] for name in FIGURES] == ["", "", "", ""]
    assert "" not in {rows[2][name] for name in FIGURES}
    days = load_workbook(BytesIO(xlsx_bytes(replace(EXPORT, report=report))))["Days"]
    assert [cell.value for cell in days[3]][1:] == ["no readings", None, None, None, None]


def test_a_day_without_readings_still_carries_its_fixed_charge() -> None:
    zero = DayCost(date(2026, 5, 19), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    days = (REPORT.days[0], zero, REPORT.days[2])
    covers = tuple(DayCover(line.date, 24, 0 if line is zero else 24) for line in days)
    kwh, base, vat, total = (each * 2 for each in PARTS)
    report = replace(
        REPORT, total_kwh=kwh, base_cost=base, vat=vat, total=total, days=days, coverage=Coverage(covers)
    )
    row = build_cost(report).days[1]
    assert (row["kwh"], row["note"], row["total"]) == ("no readings", "R\u00a03.71 fixed", "3.71")
    body = csv_bytes([sheets(report, report.coverage)[0]], EXPORT).decode("utf-8-sig")
    _, listed, _ = csv.DictReader(StringIO(body))
    assert (listed["Note"], listed["kWh"], listed["Total"]) == ("no readings, R\u00a03.71 fixed", "", "3.71")
