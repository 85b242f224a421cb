"""Files of the fleet: they hold what the pages show, and no name in them acts as a formula."""

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from uuid import UUID

from openpyxl import load_workbook

from portal.admin.customers.address import asked_in, file_of
from portal.admin.customers.files import customers_csv
from portal.admin.fleet_cost.files import month_csv
from portal.admin.fleet_cost.workbook import month_xlsx
from portal.core.cost.rules.fleet_costs import CurrencyMonth, CustomerMonth
from portal.core.cost.service.fleet_costs import FleetMonth
from portal.core.energy.rules.as_of import AsOf
from tests.unit.admin.test_customers_view import ACME, NOW

_LINE = CustomerMonth(
    customer_id=UUID(int=1),
    code="ACME",
    name="=SUM(A1)",
    currency="ZAR",
    kwh=Decimal("56.000"),
    base_cost=Decimal("140.00"),
    vat=Decimal("21.00"),
    total=Decimal("161.00"),
    unpriced_kwh=Decimal(0),
    unallocated_kwh=Decimal(0),
    asked_hours=744,
    covered_hours=700,
    is_exact=True,
)
_TOTAL = CurrencyMonth("ZAR", 1, Decimal("56.000"), Decimal("140.00"), Decimal("21.00"), Decimal("161.00"))
_MONTH = FleetMonth(date(2026, 5, 1), (_LINE,), (_TOTAL,), AsOf(NOW))


def test_a_month_as_a_workbook_has_the_figures_of_the_csv_and_the_totals() -> None:
    book = load_workbook(BytesIO(month_xlsx(_MONTH, NOW)))
    assert book.sheetnames == ["Report", "Totals", "Customers"]
    heading, line = book["Customers"].iter_rows(values_only=True)
    written = list(csv.reader(StringIO(month_csv(_MONTH, for_machine=True).decode())))
    assert list(heading) == written[0][: len(heading)]
    assert line[:4] == ("=SUM(A1)", "ACME", "ZAR", 56)
    assert book["Customers"]["A2"].data_type == "s", "a name stays a name"
    assert [row[5] for row in book["Totals"].iter_rows(min_row=2, values_only=True)] == [161]
    assert ("Fixed charges", "not included") in list(book["Report"].iter_rows(values_only=True))


def test_the_list_as_a_file_has_a_row_for_each_and_no_formula() -> None:
    odd = replace(ACME, name="+cmd", meter_count=0, last_seen_at=None)
    heading, first, second = csv.reader(StringIO(customers_csv([ACME, odd], for_machine=True).decode()))
    row = dict(zip(heading, first, strict=True))
    assert (row["Code"], row["Status"], row["kWh today (local days)"]) == ("acme", "Active", "1234.567")
    assert row["Last seen"] == "2026-11-20T11:57:00Z"
    assert (second[1], second[5], second[8]) == ("'+cmd", "", "")
    assert customers_csv([]).startswith(b"\xef\xbb\xbf")


def test_the_address_of_the_file_asks_for_what_the_page_shows() -> None:
    asked = asked_in({"q": "cold", "show": "late", "sort": "-today", "page": "3"})
    assert file_of(asked) == "/download/customers.csv?q=cold&show=late&sort=-today"
