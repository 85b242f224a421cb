"""The Client's dashboard in a browser, with readings that come in over HTTP while it is open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import BOB, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_SITE = "Cannery of the dashboard tests"


@pytest.fixture(scope="module")
def meter(client_stack: RunningStack) -> str:
    """A meter at a site of its own; its token."""
    client_stack.command("site", "add", _SITE)
    device = client_stack.command("device", "add", "Main", "--site", _SITE, "--external-id", "DASH-1")
    return device["token"]


def sites_of(page: Page) -> Locator:
    """The list of sites with what they draw now."""
    return page.get_by_role("region", name="Sites", exact=True)


def send(stack: RunningStack, token: str, *readings: tuple[datetime, float, float]) -> None:
    rows = [
        {"time": at.isoformat(), "activePowerKw": power_kw, "energyImportedKwh": register_kwh}
        for at, power_kw, register_kwh in readings
    ]
    answer = httpx.post(
        f"{stack.url}/api/ingest/measurements", json=rows, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, f"{answer.text}\n{stack.log()}"
    assert answer.json()["accepted"] == len(rows)


def test_a_reading_appears_on_the_open_page_by_itself(
    visit: Visit, client_stack: RunningStack, meter: str
) -> None:
    page = visit().sign_in(client_stack, BOB)
    row = sites_of(page).get_by_role("row").filter(has_text=_SITE)
    expect(row).to_contain_text("Waiting")
    now = datetime.now(UTC)
    send(client_stack, meter, (now - timedelta(minutes=1), 41.0, 2000.0), (now, 42.25, 2000.7))
    expect(row).to_contain_text("42.25 kW")
    expect(row).to_contain_text("Live")
    send(client_stack, meter, (datetime.now(UTC), 17.5, 2000.8))
    expect(row).to_contain_text("17.50 kW")


def test_the_hours_are_drawn_and_nothing_is_compared_before_there_is_enough(
    visit: Visit, client_stack: RunningStack, meter: str
) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    send(client_stack, meter, *((now - timedelta(hours=n), 40.0, 1900.0 - 40 * n) for n in range(1, 30)))
    page = visit().sign_in(client_stack, BOB, f"/?day={now.date() - timedelta(days=1)}")
    hours = page.get_by_role("group", name="by the hour")
    expect(hours).to_be_visible()
    expect(page.locator(".ui-bars svg rect").first).to_be_visible()
    expect(page.locator(".ui-sentence")).to_contain_text("Too few")
    expect(page.locator(".ui-sentence-icon")).to_be_visible()
    hours.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".ui-bars-told")).to_contain_text("40.00 kWh")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboards?from=*")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_dashboard_is_accessible_and_fits(
    visit: Visit, client_stack: RunningStack, meter: str, *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(client_stack, BOB)
    expect(sites_of(page).get_by_role("row").filter(has_text=_SITE)).to_be_visible()
    expect(page.get_by_text("As of ")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)


def test_a_long_status_stays_in_its_column_on_a_phone(visit: Visit, client_stack: RunningStack) -> None:
    name = "Cellar that was silent for a month"
    client_stack.command("site", "add", name)
    device = client_stack.command("device", "add", "Main", "--site", name, "--external-id", "DASH-SILENT")
    long_ago = datetime.now(UTC) - timedelta(days=29, hours=1)
    send(client_stack, device["token"], (long_ago, 1.0, 10.0))
    page = visit(phone=True).sign_in(client_stack, BOB)
    row = sites_of(page).get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Silent, last 29 days ago")
    chip, power = row.locator(".ui-badge").bounding_box(), row.locator("td").nth(1).bounding_box()
    assert chip is not None
    assert power is not None
    assert chip["x"] + chip["width"] <= power["x"]


def test_a_restart_is_said_and_survived(visit: Visit, client_stack: RunningStack, meter: str) -> None:
    bob = visit()
    page = bob.sign_in(client_stack, BOB)
    row = sites_of(page).get_by_role("row").filter(has_text=_SITE)
    expect(row).to_be_visible()
    lost = page.get_by_role("status").filter(has_text="No connection")
    client_stack.stop()
    expect(lost).to_be_visible()
    client_stack.start()
    expect(lost).to_have_count(0, timeout=30_000)
    send(client_stack, meter, (datetime.now(UTC), 23.75, 2001.0))
    expect(row).to_contain_text("23.75 kW")
    bob.forgive("WebSocket")


def test_bob_can_go_through_the_navigation_with_the_keyboard(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = visit().sign_in(client_stack, BOB)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Dashboard", exact=True)).to_be_focused()
