"""Olga's view of the whole fleet: who loses data, why a batch did not land, who uses most, what a month cost."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import OLGA, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_HOURS = """
WITH c AS (SELECT id, number FROM fleet.customers WHERE code = 'fleet-a'), m AS (
    INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id)
    SELECT id, 1, 'Town', 'Africa/Johannesburg' FROM c
), t AS (
    INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, default_rate_per_kwh, vat_rate)
    SELECT id, 1, 1, 'Flat', '2020-01-01', 2, 0.15 FROM c
), s AS (
    INSERT INTO fleet.sites (customer_id, id, name, local_municipality_id)
    SELECT id, '00000000-0000-0000-0000-0000000000a1', 'Mill', 1 FROM c
), d AS (
    INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter)
    SELECT id, '00000000-0000-0000-0000-0000000000a2', '00000000-0000-0000-0000-0000000000a1', 'Main', 'FLEET-1',
           number, 1 FROM c
), h AS (
    INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh, is_covered)
    SELECT c.id, '00000000-0000-0000-0000-0000000000a2', h, 10000000, true
    FROM c, generate_series(timestamptz '2026-03-01 00:00+02', '2026-03-01 09:00+02', interval '1 hour') h
)
SELECT 1
"""


@pytest.fixture(scope="module")
def old_token(admin_stack: RunningStack) -> str:
    """A customer with ten hours of energy in March, and a token of it that was rotated away."""
    token = admin_stack.command("customer", "add", "fleet-a", "Fleet Alpha")["token"]
    admin_stack.execute(_HOURS)
    assert _push(admin_stack, token) == 200
    admin_stack.command("customer", "rotate", "fleet-a", "--grace-hours", "0")
    assert _push(admin_stack, token) == 401
    return token


def _push(stack: RunningStack, token: str, kind: str = "sites") -> int:
    headers = {"X-Customer-Token": token, "X-Batch-Type": kind, "X-Push-Cursor": "2026-05-18T00:00:00Z"}
    return httpx.post(f"{stack.url}/api/fleet/ingest", json=[], headers=headers).status_code


def _open(visit: Visit, stack: RunningStack, path: str, *, phone: bool = False) -> Page:
    page = visit(phone=phone).sign_in(stack, OLGA, path)
    expect(page.locator("main .ui-skeleton")).to_have_count(0, timeout=30_000)
    return page


@pytest.mark.usefixtures("old_token")
def test_the_dashboard_leads_to_who_is_failing(visit: Visit, admin_stack: RunningStack) -> None:
    page = _open(visit, admin_stack, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    debt = page.get_by_role("region", name="Data debt").get_by_role("row").filter(has_text="Fleet Alpha")
    expect(debt).to_contain_text("Failing", timeout=30_000)
    expect(debt).to_contain_text("an old token")
    debt.get_by_role("link", name="Fleet Alpha").click()
    expect(page.get_by_role("tab", name="Ingest events")).to_have_attribute("aria-selected", "true")


def test_a_batch_that_did_not_land_is_answered(
    visit: Visit, admin_stack: RunningStack, old_token: str
) -> None:
    page = _open(visit, admin_stack, "/customers?q=fleet-a")
    page.get_by_role("link", name="Fleet Alpha").click()
    page.get_by_role("tab", name="Ingest events").click()
    said = page.locator(".ui-answer")
    expect(said).to_contain_text("because the Client still uses its old token", timeout=15_000)
    expect(said).to_contain_text(old_token[-4:])
    batches = page.get_by_role("region", name="Batches")
    expect(batches.get_by_role("row").filter(has_text="401")).to_have_count(1)
    page.get_by_role("button", name="With a problem").click()
    expect(page).to_have_url(re.compile("problem=1"))
    expect(batches.locator("tbody tr")).to_have_count(1)
    said.get_by_role("button", name="Rotate token").click()
    expect(page.get_by_role("dialog")).to_contain_text("Fleet Alpha gets a new token")


@pytest.mark.usefixtures("old_token")
def test_a_customer_is_looked_at_read_only_and_on_record(visit: Visit, admin_stack: RunningStack) -> None:
    page = _open(visit, admin_stack, "/customers?q=fleet-a")
    page.get_by_role("link", name="Fleet Alpha").click()
    page.get_by_role("button", name="View as this customer").click()
    expect(page.get_by_text("Nothing can be changed")).to_be_visible()
    expect(page.get_by_role("button", name="Rotate token")).to_have_count(0)
    expect(page.get_by_role("tab", name="Ingest events")).to_have_count(0)
    page.get_by_role("tab", name="Cost").click()
    expect(page).to_have_url(re.compile(r"/view\?tab=cost"))
    assert (
        admin_stack.count("FROM app.audit_events WHERE action = 'customer.viewed' AND subject = 'fleet-a'")
        == 1
    )


@pytest.mark.usefixtures("old_token")
def test_a_month_of_all_customers_with_its_file(visit: Visit, admin_stack: RunningStack) -> None:
    page = _open(visit, admin_stack, "/cost?month=2026-03")
    row = (
        page.get_by_role("region", name="Cost by customer").get_by_role("row").filter(has_text="Fleet Alpha")
    )
    for words in ("100.00", "R 200.00", "R 30.00", "R 230.00"):
        expect(row).to_contain_text(re.compile(words.replace(" ", r"\s")))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert waiting.value.suggested_filename == "fleet-cost-2026-03.csv"
    row.get_by_role("link", name="Fleet Alpha").click()
    expect(page.locator(".ui-figure").filter(has_text="Total").first).to_contain_text("230.00")


@pytest.mark.usefixtures("old_token")
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/", "/dashboards", "/cost?month=2026-03", "/customers?q=fleet-a"])
def test_the_pages_are_accessible_and_fit(
    visit: Visit, admin_stack: RunningStack, path: str, *, phone: bool
) -> None:
    assert_accessible_and_fits_in_light_and_dark(_open(visit, admin_stack, path, phone=phone))
