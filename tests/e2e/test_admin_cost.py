"""From a meter's readings at the Client to what they cost, at the Admin's API and in Olga's browser."""

import csv
import json
import re
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import OLGA, Visitor
from tests.e2e.running import RunningStack
from tests.e2e.waiting_meter import waiting_meter

Visit = Callable[..., Visitor]
_PATIENCE_S = 30.0
_SITE, _METER = "Press shop of the cost tests", "Press line"
_TARIFF = {
    "municipality": "Cost Example City",
    "name": "Domestic TOU",
    "effectiveFrom": "2026-01-01",
    "effectiveTo": None,
    "defaultRatePerKwh": 2.50,
    "fixedMonthlyCharge": 120.00,
    "vatRate": 0.15,
    "isActive": True,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75},
        {"name": "Off-Peak", "daysOfWeek": 96, "startTime": "00:00", "endTime": "23:59", "ratePerKwh": 1.20},
    ],
}
# The worked example of docs/testing.md, Monday 2026-05-18.
_REGISTERS = {"08:00": 1994, "08:40": 2000, "10:00": 2000, "10:20": 2020, "10:40": 2050}
_WORKED_DAYS = "tab=cost&from=2026-05-18&to=2026-05-19"


@pytest.fixture(scope="session")
def api_key(admin_stack: RunningStack) -> str:
    return admin_stack.command("apikey", "add", "cost tests")["key"]


@pytest.fixture(scope="session")
def priced_customer(
    client_stack: RunningStack,
    admin_stack: RunningStack,
    api_key: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """ACME's id at the Admin, once the worked example's readings and tariff have been pushed there."""
    token = _set_up_the_meter(client_stack, tmp_path_factory.mktemp("tariffs") / "tariffs.json")
    rows = [
        {"time": f"2026-05-18T{at}:00Z", "energyImportedKwh": register} for at, register in _REGISTERS.items()
    ]
    answer = httpx.post(
        f"{client_stack.url}/api/ingest/measurements", json=rows, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["accepted"]) == (200, len(rows))
    [customer_id] = [
        line["id"]
        for line in admin_stack.command("customer", "list")["customers"]
        if line["code"].upper() == "ACME"
    ]
    _wait_until_pushed(admin_stack, customer_id, api_key)
    return customer_id


def _set_up_the_meter(stack: RunningStack, file: Path) -> str:
    file.write_text(json.dumps([_TARIFF]), encoding="utf-8")
    stack.command("municipality", "add", _TARIFF["municipality"], "--time-zone", "Africa/Johannesburg")
    stack.command("tariff", "import", str(file))
    stack.command("site", "add", _SITE, "--municipality", _TARIFF["municipality"])
    device = stack.command("device", "add", _METER, "--site", _SITE, "--external-id", "COST-1")
    return device["token"]


def _wait_until_pushed(stack: RunningStack, customer_id: str, key: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while (answer := _api_cost(stack, customer_id, key))["totalKwh"] != 56:
        assert time.monotonic() < deadline, f"the readings did not arrive: {answer}\n{stack.log()}"
        time.sleep(0.3)


def _api_cost(stack: RunningStack, customer_id: str, key: str) -> dict[str, Any]:
    answer = httpx.get(
        f"{stack.url}/api/fleet/customers/{customer_id}/cost",
        params={"from": "2026-05-18T00:00:00Z", "to": "2026-05-20T00:00:00Z"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def open_cost(visitor: Visitor, stack: RunningStack, customer_id: str, query: str = _WORKED_DAYS) -> Page:
    return visitor.sign_in(stack, OLGA, f"/customers/{customer_id}?{query}")


def big_figure(page: Page, label: str) -> Locator:
    """The big figure under a label."""
    of_label = page.locator(".ui-figure").filter(has=page.get_by_text(label, exact=True))
    return of_label.locator(".ui-figure-value")


def figure(page: Page, label: str) -> str:
    """The text of a big figure, with the thin and no-break blanks as plain ones."""
    value = big_figure(page, label)
    expect(value).to_have_text(re.compile(r"\d"))
    return re.sub(r"\s", " ", value.inner_text().replace("\n", " "))


def test_the_worked_example_at_the_api(admin_stack: RunningStack, priced_customer: str, api_key: str) -> None:
    answer = _api_cost(admin_stack, priced_customer, api_key)
    amounts = {name: answer[name] for name in ("totalKwh", "baseCost", "vat", "total")}
    assert amounts == {"totalKwh": 56, "baseCost": 140, "vat": 21, "total": 161}
    assert answer["fixedMonthlyChargesIncluded"] is False
    assert answer["bucketsWithoutTariff"] == 0


def test_what_is_missing_comes_to_the_open_tab_by_itself(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    whose = f"customer_id = '{priced_customer}'"
    with waiting_meter(admin_stack, "fleet", "customer_id, device_id", whose):
        page = open_cost(visit(), admin_stack, priced_customer)
        still_missing = page.get_by_text("still being added up")
        expect(still_missing).to_be_visible()
    expect(still_missing).to_have_count(0)
    assert figure(page, "Energy") == "56.00 kWh"


def test_the_worked_example_in_the_browser(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer)
    assert figure(page, "Energy") == "56.00 kWh"
    assert figure(page, "Base cost") == "R 140.00"
    assert figure(page, "VAT") == "R 21.00"
    assert figure(page, "Total") == "R 161.00"
    days = page.get_by_role("region", name="Cost per day")
    expect(days.get_by_role("row").filter(has_text="Mon 18 May")).to_contain_text("161.00")
    expect(days.get_by_role("row").filter(has_text="Tue 19 May")).to_contain_text("no readings")
    meter = page.get_by_role("region", name="Cost per device").get_by_role("row").filter(has_text=_METER)
    for amount in ("56.00", "140.00", "21.00", "161.00"):
        expect(meter).to_contain_text(amount)
    expect(page.get_by_text("Fixed charges are not included")).to_be_visible()
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()


def test_the_last_seven_days_are_shown_unless_others_are_asked_for(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer, "tab=cost")
    expect(page.get_by_role("button", name="Last 7 d", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Last 30 d", exact=True).click()
    page.wait_for_url(re.compile(r"tab=cost&from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d&days=local$"))
    expect(page.get_by_role("button", name="Last 30 d", exact=True)).to_have_attribute("aria-pressed", "true")


def test_days_are_chosen_by_keyboard_and_kept_in_the_address(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer, "tab=cost")
    opener = page.locator(".ui-range-button")
    expect(opener).to_contain_text(re.compile(r"\d"))
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_label("From", exact=True).fill("2026-05-18")
    page.get_by_label("To", exact=True).fill("2026-05-19")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{priced_customer}?{_WORKED_DAYS}&days=local")
    expect(page.locator(".ui-figure").first).to_contain_text("56.00")
    page.reload()
    assert figure(page, "Total") == "R 161.00"


def test_too_long_a_range_is_refused_in_words(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer, "tab=cost&from=2024-01-01&to=2026-01-01")
    expect(page.get_by_role("alert")).to_contain_text("longer than 366 days")


def test_energy_can_be_charted_instead_of_cost(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer)
    expect(page.get_by_role("group", name="Cost per day")).to_be_visible()
    page.get_by_role("button", name="Energy", exact=True).click()
    expect(page.get_by_role("group", name="Energy per day")).to_be_visible()


def test_the_tabs_lead_to_the_sites_and_back(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer)
    page.get_by_role("tab", name="Sites & devices").click()
    page.wait_for_url("**?tab=sites")
    site = page.get_by_role("region", name=f"Devices of {_SITE}")
    expect(site.get_by_role("row").filter(has_text=_METER)).to_contain_text("COST-1")
    page.get_by_role("tab", name="Sites & devices").press("ArrowRight")
    page.get_by_role("tab", name="Cost").press("Enter")
    page.wait_for_url("**?tab=cost")
    expect(page.get_by_role("tab", name="Cost")).to_have_attribute("aria-selected", "true")


def _save(page: Page, link: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=link, exact=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_files_hold_what_the_tab_shows(
    visit: Visit, admin_stack: RunningStack, priced_customer: str, tmp_path: Path
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer)
    assert figure(page, "Total") == "R 161.00"
    days = _save(page, "CSV", tmp_path)
    rows = list(csv.DictReader(StringIO(days.read_text(encoding="utf-8-sig"))))
    assert [(row["Day"], row["kWh"], row["Base"], row["VAT"], row["Total"]) for row in rows] == [
        ("2026-05-18", "56.00", "140.00", "21.00", "161.00"),
        ("2026-05-19", "", "", "", ""),
    ]
    assert {row["Days in"] for row in rows} == {"Africa/Johannesburg"}
    devices = _save(page, "Devices as CSV", tmp_path)
    of_meter = [
        row
        for row in csv.DictReader(StringIO(devices.read_text(encoding="utf-8-sig")))
        if row["Device"] == _METER
    ]
    assert [(row["Site"], row["Total"]) for row in of_meter] == [(_SITE, "161.00")]
    book = load_workbook(_save(page, "Excel", tmp_path))
    assert book.sheetnames == ["Report", "Days", "Devices", "Sites", "Time of use"]
    last = [cell.value for cell in book["Time of use"][book["Time of use"].max_row]]
    assert (last[0], last[2:]) == ("Total", [56, 140, 21, 161])


def test_files_are_for_who_is_signed_in_and_for_known_customers(
    visit: Visit, admin_stack: RunningStack, priced_customer: str
) -> None:
    url = f"{admin_stack.url}/download/customers/{{}}/cost.csv?from=2026-05-18&to=2026-05-19"
    answer = httpx.get(url.format(priced_customer))
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    page = visit().sign_in(admin_stack, OLGA)
    unknown = page.request.get(url.format("00000000-0000-4000-8000-000000000001"))
    assert unknown.status == 404


def test_a_figure_is_explained_on_the_tab_and_over_http(
    visit: Visit, admin_stack: RunningStack, priced_customer: str, api_key: str
) -> None:
    page = open_cost(visit(), admin_stack, priced_customer)
    assert figure(page, "Total") == "R 161.00"
    page.locator(".ui-figure--accent").get_by_role("button").click()
    panel = page.get_by_role("complementary", name="Explanation")
    panel.get_by_role("button", name="Mon 18 May").click()
    panel.get_by_role("button", name="12:00 to 13:00").click()
    expect(panel.get_by_role("region", name="Rounding")).to_contain_text("R\u00a0143.75")
    headers = {"Authorization": f"Bearer {api_key}"}
    report = _api_cost(admin_stack, priced_customer, api_key)
    [device] = [each for each in report["devices"] if each["name"] == _METER]
    answer = httpx.get(
        f"{admin_stack.url}/api/fleet/customers/{priced_customer}/cost/explain",
        params={"deviceId": device["deviceId"], "hour": "2026-05-18T10:30:00Z"},
        headers=headers,
    ).json()
    assert [(each["time"], each["registerKwh"], each["verdict"]) for each in answer["readings"]] == [
        ("2026-05-18T08:40:00Z", 2000, "accepted"),
        ("2026-05-18T10:00:00Z", 2000, "accepted"),
        ("2026-05-18T10:20:00Z", 2020, "accepted"),
        ("2026-05-18T10:40:00Z", 2050, "accepted"),
    ]
    [part] = answer["parts"]
    assert (part["tariffName"], part["periodName"], part["ratePerKwh"], part["vatRate"]) == (
        "Domestic TOU",
        None,
        2.5,
        0.15,
    )
    assert (answer["hourUtc"], answer["kwh"], answer["timeZoneId"]) == (
        "2026-05-18T10:00:00Z",
        50,
        "Africa/Johannesburg",
    )
    assert (answer["baseCost"], answer["vat"], answer["total"]) == (125, 18.75, 143.75)
    assert "proportion to time" in answer["energyRule"]
    assert "half up to the currency's minor unit" in answer["roundingRule"]


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_cost_tab_is_accessible_and_fits(
    visit: Visit, admin_stack: RunningStack, priced_customer: str, *, phone: bool
) -> None:
    page = open_cost(visit(phone=phone), admin_stack, priced_customer)
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)
    page.locator(".ui-range-button").click()
    expect(page.get_by_role("button", name="Show")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)
