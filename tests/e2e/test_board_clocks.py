"""A board whose clock runs ahead is named on its site's row and, once pushed, on its customer's page."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import BOB, OLGA, Visitor
from tests.e2e.running import RunningStack
from tests.e2e.test_dashboard import send

Visit = Callable[..., Visitor]
_PATIENCE_S = 60
_SITE = "Quarry of the clock tests"


@pytest.fixture(scope="module")
def ahead(client_stack: RunningStack) -> None:
    """A meter that has sent a reading 23 hours ahead, then a true one."""
    client_stack.command("site", "add", _SITE)
    device = client_stack.command("device", "add", "Crusher", "--site", _SITE, "--external-id", "CLOCK-1")
    now = datetime.now(UTC)
    send(client_stack, device["token"], (now + timedelta(hours=23, minutes=30), 99.0, 1000.0))
    send(client_stack, device["token"], (now, 5.25, 900.0))


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_dashboard_names_the_clock_and_shows_the_present(
    visit: Visit, client_stack: RunningStack, ahead: None, *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(client_stack, BOB)
    row = page.get_by_role("row").filter(has_text=_SITE).filter(has_text="kW")
    expect(row).to_contain_text("5.25 kW")
    expect(row).to_contain_text("Crusher: clock 23 h ahead")
    assert_accessible_and_fits_in_light_and_dark(page)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_customers_page_names_the_clock(
    visit: Visit, admin_stack: RunningStack, ahead: None, *, phone: bool
) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not admin_stack.count(
        "FROM fleet.devices WHERE external_id = 'CLOCK-1' AND clock_skew_seconds > 82800"
    ):
        assert time.monotonic() < deadline, f"the device did not arrive\n{admin_stack.log()}"
        time.sleep(0.3)
    known = admin_stack.command("customer", "list")["customers"]
    [customer] = [each for each in known if each["code"] == "ACME"]
    page = visit(phone=phone).sign_in(admin_stack, OLGA, f"/customers/{customer['id']}")
    row = page.get_by_role("row").filter(has_text="Crusher")
    expect(row).to_contain_text("Clock 23 h ahead")
    assert_accessible_and_fits_in_light_and_dark(page)
