"""The charts of a Client in a browser: what is measured, over what time, and the files of it."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits, assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import BOB, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_DAY = date(2026, 5, 18)
_AT = datetime(2026, 5, 18, tzinfo=UTC)
_GAP = range(24, 54)


@pytest.fixture(scope="session")
def charted(client_stack: RunningStack) -> str:
    """A meter of a day in May: all but two and a half hours of it, every five minutes. Its id."""
    site = f"Charts {uuid4().hex[:6]}"
    client_stack.command("site", "add", site)
    device = client_stack.command("device", "add", "Cold room", "--site", site, "--external-id", site)
    rows = [
        {
            "time": (_AT + timedelta(minutes=5 * n)).isoformat(),
            "activePowerKw": 40 + n % 9,
            "voltageV": 230.5,
            "voltageL1V": 230.1,
            "voltageL2V": 229.8,
            "voltageL3V": 231.2,
            "powerFactor": 0.91,
            "energyImportedKwh": 1000 + n * 3.5,
        }
        for n in range(288)
        if n not in _GAP
    ]
    answer = httpx.post(
        f"{client_stack.url}/api/ingest/measurements",
        json=rows,
        headers={"Authorization": f"Bearer {device['token']}"},
    )
    assert answer.json()["accepted"] == len(rows), answer.text
    return device["id"]


def open_charts(visitor: Visitor, stack: RunningStack, device: str, more: str = "") -> Page:
    page = visitor.sign_in(stack, BOB, f"/dashboards?meters={device}&on={_DAY}{more}")
    expect(page.locator(".ui-plot-line").first).to_be_visible()
    return page


def test_a_day_is_drawn_with_its_gap_and_what_came_late(
    visit: Visit, client_stack: RunningStack, charted: str
) -> None:
    page = open_charts(visit(), client_stack, charted, "&show=power,voltage-phases")
    expect(page.get_by_role("heading", name="Power", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Voltage, by phase")).to_be_visible()
    expect(page.get_by_text("No readings, 18 May 02:00 to 04:30")).to_be_visible()
    expect(page.get_by_text("Arrived late")).to_be_visible()
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()
    expect(page.get_by_text("in gaps, hours unknown")).to_be_visible()
    expect(page.locator(".ui-heat-picture")).to_be_visible()
    assert_accessible_and_fits(page)


def test_arrow_keys_read_values_and_select_what_is_zoomed_into(
    visit: Visit, client_stack: RunningStack, charted: str
) -> None:
    page = open_charts(visit(), client_stack, charted, "&show=power")
    charts = page.get_by_role("group", name="Charts.")
    charts.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".ui-plot-values b").first).to_have_text("40.00")
    for _ in range(11):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**from=2026-05-18T00:02:30Z**")
    expect(page.get_by_text("1-minute averages")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("5-minute averages").first).to_be_visible()


def test_a_drag_zooms_and_the_address_holds_it(
    visit: Visit, client_stack: RunningStack, charted: str
) -> None:
    page = open_charts(visit(), client_stack, charted, "&show=power")
    box = page.locator(".ui-plot").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_url("**from=2026-05-18T1**")
    expect(page.get_by_text("1-minute averages")).to_be_visible()
    again = page.url
    page.reload()
    expect(page.get_by_text("1-minute averages")).to_be_visible()
    assert page.url == again


def test_quantities_meters_and_time_are_chosen_on_the_page(
    visit: Visit, client_stack: RunningStack, charted: str
) -> None:
    page = open_charts(visit(), client_stack, charted)
    page.get_by_role("button", name="Day", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Week", exact=True)).to_be_focused()
    page.get_by_label("Add a quantity").select_option(label="Frequency")
    expect(page.get_by_role("heading", name="Frequency")).to_be_visible()
    page.get_by_role("button", name="Remove Voltage", exact=True).click()
    expect(page.get_by_role("heading", name="Voltage", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Month", exact=True).first.click()
    expect(page.get_by_role("button", name="May 2026", exact=True)).to_be_visible()
    page.get_by_label("Compare with").select_option("week")
    page.wait_for_url("**against=week**")
    page.get_by_role("button", name="The time after").click()
    expect(
        page.get_by_text("No readings of Cold room in this time. The nearest are of 18 May 2026.")
    ).to_be_visible()
    page.get_by_role("button", name="Go there").click()
    expect(page.get_by_role("button", name="Mon 18 May 2026")).to_be_visible()


def test_what_is_shown_is_saved(visit: Visit, client_stack: RunningStack, charted: str) -> None:
    page = open_charts(visit(), client_stack, charted, "&show=power")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    text = saved.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.reader(StringIO(text)))
    assert rows[0] == [
        "From (UTC)",
        "From (local)",
        "Seconds",
        "Meter",
        "Site",
        "Readings",
        "active power (kW)",
    ]
    assert len(rows) == 1 + 288 - len(_GAP)
    assert rows[1][0] == "2026-05-18T00:00:00Z"
    assert rows[1][-1] == "40"
    with page.expect_download() as picture:
        page.get_by_role("button", name="PNG").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_charts_are_accessible_and_fit(
    visit: Visit, client_stack: RunningStack, charted: str, *, phone: bool
) -> None:
    page = open_charts(visit(phone=phone), client_stack, charted)
    expect(page.locator(".ui-heat-picture")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)


def test_a_meter_that_is_gone_and_words_that_mean_nothing_are_no_fault(
    visit: Visit, client_stack: RunningStack, charted: str
) -> None:
    address = f"/dashboards?meters={uuid4()},nonsense&show=nothing&range=age&from=x&to=y"
    page = visit().sign_in(client_stack, BOB, address)
    expect(page.get_by_role("heading", name="A year of hours")).to_be_visible()
    expect(page.get_by_text("No quantity is chosen")).to_be_visible()
