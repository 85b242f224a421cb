"""App config while the push runs: the link that goes down and comes back, and rows that were given up."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ALICE, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]


def _open(visit: Visit, stack: RunningStack) -> Page:
    page = visit().sign_in(stack, ALICE, "/settings/app-config")
    expect(page.get_by_role("region", name="Push to the Admin")).to_be_visible()
    return page


@pytest.fixture
def disabled_customer(client_stack: RunningStack, admin_stack: RunningStack) -> Iterator[None]:
    """The Admin refuses the Client's token; afterwards it takes it, and the Client knows nothing of a stop."""
    admin_stack.command("customer", "disable", "ACME")
    yield
    admin_stack.command("customer", "enable", "ACME")
    client_stack.execute("UPDATE app.fleet_push_state SET target_hash = 'another'")


def test_a_refused_token_is_said_on_the_open_page_and_forgotten_with_the_settings(
    visit: Visit, client_stack: RunningStack, admin_stack: RunningStack, disabled_customer: None
) -> None:
    page = _open(visit, client_stack)
    sites = page.get_by_role("row", name="Sites")
    client_stack.command("site", "add", f"Site {uuid4().hex[:8]}")
    expect(page.get_by_text("Admin link down.")).to_be_visible()
    expect(sites).to_contain_text("Stopped")
    expect(sites).to_contain_text("401")
    admin_stack.command("customer", "enable", "ACME")
    # What was learnt with another address or token does not count.
    client_stack.execute("UPDATE app.fleet_push_state SET target_hash = 'another'")
    expect(page.get_by_text("Admin link down.")).to_have_count(0)
    expect(sites).to_contain_text("In step")


def test_rows_given_up_are_tried_again_or_discarded_and_it_is_said_by_whom(
    visit: Visit, client_stack: RunningStack
) -> None:
    one, two, other = (f"row-{uuid4().hex[:8]}" for _ in range(3))
    client_stack.execute(
        "INSERT INTO app.push_dead_letters (resource_type, row_key, reason, tries) "
        f"VALUES ('devices', '{one}', '413: too large', 1), ('devices', '{two}', '413: too large', 1)"
    )
    page = _open(visit, client_stack)
    dead_letters = page.get_by_role("region", name="Rows given up")
    decisions = page.get_by_role("region", name="Decisions")
    page.get_by_role("button", name=f"Actions for {one}").click()
    page.get_by_role("menuitem", name="Try again").click()
    expect(dead_letters.get_by_text(one)).to_have_count(0)
    expect(decisions.get_by_role("row", name=one)).to_contain_text("Tried again")
    page.get_by_role("button", name=f"Actions for {two}").click()
    page.get_by_role("menuitem", name="Discard").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Discard").click()
    expect(dead_letters).to_have_count(0)
    expect(decisions.get_by_role("row", name=two)).to_contain_text(f"Discarded{ALICE}")
    client_stack.execute(
        "INSERT INTO app.push_dead_letters (resource_type, row_key, reason, tries) "
        f"VALUES ('devices', '{other}', '413: too large', 1)"
    )
    expect(dead_letters.get_by_text(other)).to_be_visible()
    page.get_by_role("button", name="Try all again").click()
    expect(dead_letters).to_have_count(0)
    page.goto(f"{client_stack.url}/settings/audit")
    expect(page.get_by_text("Rows given up pushed again").first).to_be_visible()
    expect(page.get_by_text("Rows given up discarded")).to_be_visible()
