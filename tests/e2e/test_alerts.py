"""Alerts in a browser: nothing is watched, a rule and who is told are added, an alert is acknowledged."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_SECRET = "key-in-the-address"


def test_somebody_is_told_of_a_silent_meter_and_looks_after_it(
    visit: Visit, client_stack: RunningStack
) -> None:
    mark = uuid4().hex[:6]
    site, rule, channel = f"Quay {mark}", f"Boards of quay {mark}", f"Control room {mark}"
    client_stack.command("site", "add", site)
    device = client_stack.command("device", "add", "Main", "--site", site, "--external-id", f"quay-{mark}")
    reading = {"time": (datetime.now(UTC) - timedelta(hours=3)).isoformat(), "activePowerKw": 4}
    headers = {"Authorization": f"Bearer {device['token']}"}
    httpx.post(f"{client_stack.url}/api/ingest/measurements", json=[reading], headers=headers)

    page = visit().sign_in(client_stack, ALICE, "/alerts")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("menuitem", name="Webhook").click()
    page.get_by_label("Name").fill(channel)
    page.get_by_label("Address").fill(f"http://127.0.0.1:9/hooks/{_SECRET}")
    page.get_by_role("button", name="Save").click()
    told = page.get_by_role("table", name="Channels").get_by_role("row").filter(has_text=channel)
    expect(told).to_contain_text("http://127.0.0.1:9/…")
    assert _SECRET not in page.content()

    page.get_by_role("button", name="Add rule").click()
    page.get_by_role("menuitem", name="Meter silent").click()
    page.get_by_label("Name").fill(rule)
    page.get_by_label("Of", exact=True).select_option(label=f"{site}: Main")
    assert_accessible_and_fits_in_light_and_dark(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=rule)).to_contain_text("Meter silent for 30 min")

    assert client_stack.command("alert", "check")["began"] >= 1
    alert = page.get_by_role("row").filter(has_text=f"Main, {site}").first
    expect(alert).to_contain_text("No reading since", timeout=20_000)
    assert_accessible_and_fits_in_light_and_dark(page)
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text(ALICE)
    expect(told).to_contain_text("The webhook cannot be reached")

    bob = visit().sign_in(client_stack, BOB, "/alerts")
    expect(bob.get_by_role("row").filter(has_text=f"Main, {site}").first).to_contain_text(ALICE)
    expect(bob.get_by_text("Who is told")).to_have_count(0)

    page.get_by_role("button", name=f"Actions for {rule}").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text(f"{rule} is deleted.")).to_be_visible()
    client_stack.command("alert", "check")
    page.get_by_role("link", name="All").click()
    expect(page.get_by_role("row").filter(has_text=f"Main, {site}").first).to_contain_text("Over")


def test_a_month_can_be_got_from_the_cost_page(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in(client_stack, BOB, "/cost")
    with page.expect_download() as got:
        page.get_by_role("link", name="Last month's report").click()
    assert got.value.suggested_filename.startswith("energy-report-")
    assert got.value.path().read_bytes().startswith(b"%PDF-")
