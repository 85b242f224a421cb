"""A customer from its registration to its leaving, with a stack of its own that pushes with the block it was given."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OLGA, Visitor
from tests.e2e.running import RunningStack
from tests.e2e.test_admin_customers import choose, push, register, row, take_token

_NAME = "Journey Foods"
_PATIENCE_MS = 90_000


def _rotated(page: Page) -> str:
    choose(page, _NAME, "Rotate token")
    page.get_by_label("Keep the old token valid").fill("24")
    page.get_by_role("dialog").get_by_role("button", name="Rotate token").click()
    return take_token(page)


def _set_active(page: Page, action: str) -> None:
    choose(page, _NAME, action)
    page.get_by_role("alertdialog").get_by_role("button", name=action).click()
    expect(page.get_by_role("alertdialog")).to_be_hidden()


def test_from_registration_to_leaving(
    visit: Callable[..., Visitor],
    admin_stack: RunningStack,
    serve_client: Callable[[dict[str, str]], RunningStack],
) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).sign_in(admin_stack, OLGA, "/customers")
    register(page, "Journey", _NAME)
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Waiting for the first push")
    dialog.get_by_role("button", name="Copy block").click()
    block = dict(line.split("=", 1) for line in page.evaluate("navigator.clipboard.readText()").splitlines())
    client = serve_client(block | {"FleetIngest__IntervalSeconds": "1"})
    client.command("site", "add", "Pack house")
    meter = client.command("device", "add", "Main", "--site", "Pack house", "--external-id", "journey-1")
    reading = [{"time": datetime.now(UTC).isoformat(), "energyImportedKwh": 1994, "activePowerKw": 12.5}]
    posted = httpx.post(
        f"{client.url}/api/ingest/measurements",
        json=reading,
        headers={"Authorization": f"Bearer {meter['token']}"},
    )
    assert posted.json()["accepted"] == 1
    expect(dialog).to_contain_text("First push received", timeout=_PATIENCE_MS)
    dialog.get_by_role("button", name="Done").click()
    page.goto(f"{admin_stack.url}/customers?q=journey")
    expect(row(page, _NAME)).to_contain_text("Active", timeout=_PATIENCE_MS)
    _until(lambda: admin_stack.count("FROM fleet.devices WHERE external_id = 'journey-1'") == 1)
    _until(lambda: admin_stack.count(_READINGS) == 1)
    page.get_by_role("link", name=_NAME).click()
    expect(page.get_by_role("main")).to_contain_text("Pack house")
    page.goto(f"{admin_stack.url}/customers?q=journey")

    first, second = block["FleetIngest__Token"], _rotated(page)
    expect(row(page, _NAME)).to_contain_text("Old token valid until")
    assert [push(admin_stack, token) for token in (first, second)] == [200, 200]
    third = _rotated(page)
    assert [push(admin_stack, token) for token in (first, second, third)] == [401, 200, 200]
    client.stop()

    _set_active(page, "Disable")
    expect(row(page, _NAME)).to_contain_text("Disabled")
    assert [push(admin_stack, token) for token in (second, third)] == [401, 401]
    _set_active(page, "Enable")
    expect(row(page, _NAME)).not_to_contain_text("Disabled")
    assert push(admin_stack, third) == 200

    choose(page, _NAME, "Decommission")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export everything").click()
    assert download.value.suggested_filename.endswith(".zip")
    assert download.value.path().stat().st_size > 0
    page.get_by_label("Type Journey to confirm").fill("Journey")
    page.get_by_role("button", name="Delete everything").click()
    _until(lambda: admin_stack.count("FROM fleet.customers WHERE code = 'Journey'") == 0)
    assert push(admin_stack, third) == 401
    assert admin_stack.count("FROM fleet.devices WHERE external_id = 'journey-1'") == 0
    page.goto(f"{admin_stack.url}/customers?q=journey")
    expect(page.get_by_text("No customer matches")).to_be_visible()


_READINGS = (
    "FROM fleet.power_measurements r JOIN fleet.devices d ON d.customer_id = r.customer_id AND d.id = r.device_id "
    "WHERE d.external_id = 'journey-1'"
)


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.3)
