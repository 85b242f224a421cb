"""The Client's Cost page: the worked example, where each cent comes from, and the files that are saved from it."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.e2e.accessibility import assert_accessible_and_fits
from tests.e2e.conftest import BOB, Visitor
from tests.e2e.running import RunningStack
from tests.e2e.test_admin_cost import _REGISTERS, _TARIFF, big_figure, figure
from tests.e2e.waiting_meter import waiting_meter

Visit = Callable[..., Visitor]
_DAYS = "from=2026-05-25&to=2026-05-26&days=local"
_HUE = "getComputedStyle(document.documentElement).getPropertyValue('--ui-peak').trim()"
# A spreadsheet would run this name as a program.
_METER = "=cmd|' /C calc'!A0"


@dataclass(frozen=True)
class Mill:
    """A site of its own with the worked example's readings."""

    site_id: str
    device_id: str
    municipality: str


@pytest.fixture(scope="module")
def api_key(client_stack: RunningStack) -> str:
    return client_stack.command("apikey", "add", "client cost tests")["key"]


# Once for the whole run: tests that need no browser are run apart, when a fixture of the module would be made again.
@pytest.fixture(scope="session")
def mill(client_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Mill:
    return make_mill(client_stack, tmp_path_factory.mktemp("mill"), "Cost page mill")


def make_mill(stack: RunningStack, folder: Path, name: str) -> Mill:
    municipality = f"City of the {name}"
    file = folder / "tariff.json"
    file.write_text(
        json.dumps([_TARIFF | {"municipality": municipality, "fixedMonthlyCharge": 0}]), encoding="utf-8"
    )
    stack.command("municipality", "add", municipality, "--time-zone", "Africa/Johannesburg")
    stack.command("tariff", "import", str(file))
    site = stack.command("site", "add", name, "--municipality", municipality)
    return Mill(site["id"], make_device(stack, name, _METER), municipality)


def make_device(stack: RunningStack, site: str, name: str, scale: int = 1) -> str:
    """A device with the worked example's readings, `scale` times as much; returns its id."""
    device = stack.command("device", "add", name, "--site", site, "--external-id", f"{site} {name}")
    rows = [
        {"time": f"2026-05-25T{at}:00Z", "energyImportedKwh": register * scale}
        for at, register in _REGISTERS.items()
    ]
    answer = httpx.post(
        f"{stack.url}/api/ingest/measurements",
        json=rows,
        headers={"Authorization": f"Bearer {device['token']}"},
    )
    assert answer.json()["accepted"] == len(rows), answer.text
    return device["id"]


def open_cost(visitor: Visitor, stack: RunningStack, mill: Mill, days: str = _DAYS) -> Page:
    return visitor.sign_in(stack, BOB, f"/cost?{days}&site={mill.site_id}")


def lines_of(page: Page, table: str) -> list[list[str]]:
    """The rows of a table as the page shows them, its totals last; thousands without their thin spaces."""
    region = page.get_by_role("region", name=table, exact=True)
    expect(region).to_be_visible()
    return [
        [re.sub(r"\s", "", text) for text in row.locator("td").all_inner_texts()]
        for row in region.locator("tbody tr, tfoot tr").all()
    ]


def _figures(line: list[str]) -> list[str]:
    """What a file has in place of a line of the page: nothing for a day without readings."""
    return [""] * len(line) if line[0] == "noreadings" else line


def explanation(page: Page) -> Locator:
    """The panel beside the page."""
    return page.get_by_role("complementary", name="Explanation")


def save(page: Page, link: Locator, folder: Path) -> Path:
    with page.expect_download() as waiting:
        link.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_worked_example_on_the_page(visit: Visit, client_stack: RunningStack, mill: Mill) -> None:
    page = open_cost(visit(), client_stack, mill)
    assert figure(page, "Energy") == "56.00 kWh"
    assert figure(page, "Energy cost") == "R 140.00"
    assert figure(page, "Fixed and VAT") == "R 21.00"
    assert figure(page, "Total") == "R 161.00"
    for table in ("Cost per day", "Cost per device", "Cost per site", "Cost per period"):
        assert lines_of(page, table)[-1] == ["56.00", "140.00", "21.00", "161.00"]
    expect(page.get_by_role("region", name="Cost per period")).to_contain_text("Default rate")


@pytest.mark.parametrize(
    ("listing", "table"),
    [("Days", "day"), ("Devices", "device"), ("Sites", "site"), ("Time of use", "period")],
)
def test_a_table_is_saved_as_it_is_shown(
    visit: Visit, client_stack: RunningStack, mill: Mill, tmp_path: Path, listing: str, table: str
) -> None:
    page = open_cost(visit(), client_stack, mill)
    shown = lines_of(page, f"Cost per {table}")
    path = save(page, page.get_by_role("link", name=f"{listing} as CSV"), tmp_path)
    assert path.name == f"cost-{table}s-2026-05-25-2026-05-26.csv"
    rows = list(csv.DictReader(StringIO(path.read_text(encoding="utf-8-sig"))))
    names = ("kWh", "Base", "VAT", "Total")
    assert [[row[name] for name in names] for row in rows] == [_figures(line) for line in shown[:-1]]
    assert {(row["From"], row["To"], row["Days in"]) for row in rows} == {
        ("2026-05-25", "2026-05-26", "Africa/Johannesburg")
    }
    if table == "device":
        assert rows[0]["Device"] == f"'{_METER}"


def test_the_workbook_says_what_the_page_and_the_api_say(
    visit: Visit, client_stack: RunningStack, mill: Mill, api_key: str, tmp_path: Path
) -> None:
    page = open_cost(visit(), client_stack, mill)
    shown = lines_of(page, "Cost per day")
    path = save(page, page.get_by_role("link", name="Excel"), tmp_path)
    book = load_workbook(path)
    assert book.sheetnames == ["Report", "Days", "Devices", "Sites", "Time of use"]
    days = [
        ["" if cell.value is None else f"{cell.value:.2f}" for cell in row[2:6]]
        for row in book["Days"].iter_rows(min_row=2)
    ]
    assert days == [_figures(line) for line in shown]
    assert book["Devices"]["A2"].value == _METER
    assert book["Devices"]["A2"].data_type == "s"
    answer = _api_cost(client_stack, mill, api_key)
    totals = [Decimal(str(cell.value)) for cell in book["Sites"][book["Sites"].max_row][2:6]]
    assert totals == [Decimal(str(answer[name])) for name in ("totalKwh", "baseCost", "vat", "total")]


def _api_cost(stack: RunningStack, mill: Mill, key: str) -> dict[str, Any]:
    answer = httpx.get(
        f"{stack.url}/api/cost",
        params={"from": "2026-05-24T22:00:00Z", "to": "2026-05-26T22:00:00Z", "siteId": mill.site_id},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_missing_comes_to_the_open_page_by_itself(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(), client_stack, mill)
    assert figure(page, "Energy") == "56.00 kWh"
    still_missing = page.get_by_text("still being added up")
    with waiting_meter(client_stack, "monitoring", "device_id", f"device_id = '{mill.device_id}'"):
        page.reload()
        expect(still_missing).to_be_visible()
        page.wait_for_timeout(6_000)
        expect(still_missing).to_be_visible()
    expect(still_missing).to_have_count(0)
    assert figure(page, "Energy") == "56.00 kWh"


def test_a_stranger_gets_no_file(client_stack: RunningStack, mill: Mill) -> None:
    answer = httpx.get(f"{client_stack.url}/download/cost.csv?{_DAYS}&site={mill.site_id}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_a_figure_is_explained_down_to_its_readings(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(), client_stack, mill)
    page.get_by_role("button", name="Mon 25 May").click()
    panel = explanation(page)
    hours = panel.get_by_role("region", name="Hours")
    expect(hours.locator("tfoot")).to_contain_text("56.000")
    expect(hours.locator("tfoot")).to_contain_text("R\u00a0161.00")
    panel.get_by_role("button", name="12:00 to 13:00").click()
    expect(panel.get_by_role("region", name="Readings used")).to_contain_text("2\u2009050 kWh")
    expect(panel.get_by_role("region", name="Energy by the register")).to_contain_text("30 kWh")
    priced = panel.get_by_role("region", name="Tariff, rate and VAT")
    for words in ("Domestic TOU, Default rate", "50 kWh x R 2.5", "VAT 15 %"):
        expect(priced).to_contain_text(words)
    expect(panel.get_by_role("region", name="Rounding")).to_contain_text("R\u00a0143.75")
    panel.get_by_role("button", name=_METER).press("Enter")
    expect(hours).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_an_explanation_has_its_own_address_and_back_leads_through_it(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(), client_stack, mill)
    opener = page.get_by_role("region", name="Cost per day").get_by_role("button", name="Mon 25 May")
    opener.press("Enter")
    panel = explanation(page)
    hours = panel.get_by_role("region", name="Hours")
    expect(hours).to_be_visible()
    expect(panel).to_be_focused()
    page.wait_for_url("**explain=2026-05-25**")
    panel.get_by_role("button", name="12:00 to 13:00").click()
    rounding = panel.get_by_role("region", name="Rounding")
    expect(rounding).to_be_visible()
    page.reload()
    expect(rounding).to_contain_text("R\u00a0143.75")
    panel.get_by_role("button", name="The hour before").click()
    expect(panel.get_by_role("heading", name="10:00 to 11:00")).to_be_visible()
    page.go_back()
    expect(rounding).to_contain_text("R\u00a0143.75")
    page.go_back()
    expect(hours).to_be_visible()
    page.go_back()
    expect(panel).to_have_count(0)
    assert figure(page, "Total") == "R 161.00"
    opener.press("Enter")
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(opener).to_be_focused()


def test_sites_and_periods_are_explained_too(visit: Visit, client_stack: RunningStack, mill: Mill) -> None:
    page = open_cost(visit(), client_stack, mill)
    for name in ("Cost page mill", "Default rate"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("region", name="Hours")).to_contain_text("12:00 to 13:00")
        page.keyboard.press("Escape")
        expect(explanation(page)).to_have_count(0)


def test_the_big_figures_are_explained_too(visit: Visit, client_stack: RunningStack, mill: Mill) -> None:
    page = open_cost(visit(), client_stack, mill)
    panel = explanation(page)
    for label in ("Energy", "Energy cost", "Fixed and VAT", "Total"):
        assert figure(page, label)
        big = page.locator(".ui-figure").filter(has=page.get_by_text(label, exact=True))
        big.get_by_role("button").press("Enter")
        assert lines_of(page, "Days of this range")[-1] == ["56.00", "161.00"]
        panel.get_by_role("button", name="Mon 25 May").click()
        expect(panel.get_by_role("region", name="Hours").locator("tfoot")).to_contain_text("R\u00a0161.00")
        panel.get_by_role("button", name="Total").click()
        expect(panel.get_by_role("region", name="Days of this range")).to_be_visible()
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)


def test_a_day_of_several_devices_is_explained_device_by_device(
    visit: Visit, client_stack: RunningStack, tmp_path: Path
) -> None:
    mill = make_mill(client_stack, tmp_path, "Cost page mill of two")
    make_device(client_stack, "Cost page mill of two", "Second meter", scale=2)
    page = open_cost(visit(), client_stack, mill)
    page.get_by_role("button", name="Mon 25 May").click()
    panel = explanation(page)
    assert lines_of(page, "Devices on this day") == [
        ["56.00", "161.00"],
        ["112.00", "322.00"],
        ["168.00", "483.00"],
    ]
    panel.get_by_role("button", name="Second meter").click()
    expect(panel.get_by_role("region", name="Hours").locator("tfoot")).to_contain_text("R\u00a0322.00")
    panel.get_by_role("button", name="Mon 25 May").click()
    expect(panel.get_by_role("region", name="Devices on this day")).to_be_visible()


def test_a_tariff_may_go_while_its_cost_is_looked_at(
    visit: Visit, client_stack: RunningStack, api_key: str, tmp_path: Path
) -> None:
    mill = make_mill(client_stack, tmp_path, "Cost page mill without tariff")
    page = open_cost(visit(), client_stack, mill)
    assert figure(page, "Total") == "R 161.00"
    address = page.url
    headers = {"Authorization": f"Bearer {api_key}"}
    listed = httpx.get(f"{client_stack.url}/api/rates/tariffs", headers=headers).json()["tariffs"]
    [tariff] = [each for each in listed if each["municipality"] == mill.municipality]
    gone = httpx.delete(f"{client_stack.url}/api/rates/tariffs/{tariff['id']}", headers=headers)
    assert gone.is_success, gone.text
    page.get_by_role("button", name="Mon 25 May").click()
    panel = explanation(page)
    panel.get_by_role("button", name="12:00 to 13:00").click()
    expect(panel.get_by_role("region", name="Tariff, rate and VAT")).to_contain_text("no tariff covers it")
    page.goto(address)  # as a reload that overtakes Escape: it shows what it showed, until it has asked again
    expect(big_figure(page, "Total")).to_have_text(re.compile(r"^R\s0\.00$"))
    expect(page.get_by_role("status").filter(has_text="No tariff for 2 device hours")).to_be_visible()


def test_a_year_is_shown_and_a_day_more_is_refused_in_words(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(), client_stack, mill, "from=2025-05-26&to=2026-05-26&days=local")
    assert figure(page, "Energy") == "56.00 kWh"
    assert len(lines_of(page, "Cost per day")) >= 366
    page.goto(f"{client_stack.url}/cost?from=2025-05-24&to=2026-05-26&days=local&site={mill.site_id}")
    expect(page.get_by_role("alert")).to_contain_text("longer than 366 days")


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)], ids=["light desk", "dark phone"])
def test_the_cost_page_is_accessible_and_fits(
    visit: Visit, client_stack: RunningStack, mill: Mill, *, dark: bool, phone: bool
) -> None:
    page = open_cost(visit(dark=dark, phone=phone), client_stack, mill)
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()
    assert_accessible_and_fits(page)
    page.get_by_role("button", name="25 \u2013 26 May 2026").click()
    expect(page.get_by_role("grid")).to_be_visible()
    assert_accessible_and_fits(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Mon 25 May").click()
    panel = explanation(page)
    panel.get_by_role("button", name="12:00 to 13:00").click()
    expect(panel.get_by_role("region", name="Rounding")).to_be_visible()
    assert_accessible_and_fits(page)
    assert panel.evaluate("box => box.scrollWidth <= box.clientWidth")
    if phone:
        panel.get_by_role("button", name="Close").click()
        row = page.get_by_role("region", name="Cost per day").locator("tr", has_text="Mon 25 May")
        expect(row.get_by_text("Base 140.00")).to_be_hidden()
        row.locator("summary").click()
        expect(row.get_by_text("Base 140.00 \u00b7 VAT 21.00")).to_be_visible()
        assert_accessible_and_fits(page)


def test_what_is_printed_is_figures_chart_and_tables_on_white(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(dark=True), client_stack, mill)
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()
    page.emulate_media(media="print")
    quick, saving = page.get_by_role("group", name="Quick ranges"), page.get_by_role("link", name="Excel")
    for of_the_screen in (page.get_by_role("navigation"), quick, saving):
        expect(of_the_screen).to_have_count(0)
    expect(page.get_by_text("Cost page mill, 25 \u2013 26 May 2026")).to_be_visible()
    expect(page.get_by_role("columnheader", name="VAT").first).to_be_visible()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.ui-card')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert page.evaluate(_HUE) == "#cf5a00"  # as by day: the hues of the dark are too pale on paper
    assert "56.00" in PdfReader(BytesIO(page.pdf(format="A4"))).pages[0].extract_text()


def test_ranges_and_days_are_chosen_with_the_keyboard(
    visit: Visit, client_stack: RunningStack, mill: Mill
) -> None:
    page = open_cost(visit(), client_stack, mill)
    page.get_by_role("button", name="Last 7 d").focus()
    for key, words in (("ArrowLeft", "Yesterday"), ("End", "This year"), ("ArrowRight", "Today")):
        page.keyboard.press(key)
        expect(page.get_by_role("button", name=words, exact=True)).to_be_focused()
    opener = page.get_by_role("button", name="25 \u2013 26 May 2026")
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("grid").get_by_role("button", name="May 25th, 2026").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("grid").get_by_role("button", name="May 26th, 2026")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
