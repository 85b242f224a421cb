"""Olga's list of customers: registering, rotating, disabling, finding."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import (
    assert_accessible_and_fits,
    assert_accessible_and_fits_in_light_and_dark,
)
from tests.e2e.conftest import OLGA, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_CLIPBOARD = ["clipboard-read", "clipboard-write"]
_WATCHER = "watcher@example.com"


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def choose(page: Page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def register(page: Page, code: str, name: str) -> None:
    page.get_by_role("button", name="Register customer").click()
    page.get_by_role("textbox", name="Code").fill(code)
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Register").click()


def take_token(page: Page) -> str:
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("only time it is shown")
    token = dialog.locator("#issued-token").inner_text()
    dialog.get_by_role("button", name="Copy", exact=True).click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == token
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    return token


def push(stack: RunningStack, token: str) -> int:
    """Push an empty batch of sites with a token; the answer's status."""
    headers = {"X-Customer-Token": token, "X-Batch-Type": "sites", "X-Push-Cursor": "2026-05-18T00:00:00Z"}
    return httpx.post(f"{stack.url}/api/fleet/ingest", json=[], headers=headers).status_code


def test_a_customer_is_registered_and_its_token_shown_once(visit: Visit, admin_stack: RunningStack) -> None:
    page = visit(permissions=_CLIPBOARD).sign_in(admin_stack, OLGA, "/customers")
    register(page, "bay", "Bay Cold Store")
    token = take_token(page)
    assert re.fullmatch(r"[0-9a-f]{64}", token)
    expect(row(page, "Bay Cold Store")).to_contain_text("Never seen")
    assert push(admin_stack, token) == 200
    page.reload()
    expect(row(page, "Bay Cold Store")).to_contain_text("Active")
    assert token not in page.content()


def test_a_registered_customer_gets_a_whole_block_and_its_first_push_is_seen(
    visit: Visit, admin_stack: RunningStack
) -> None:
    page = visit(permissions=_CLIPBOARD).sign_in(admin_stack, OLGA, "/customers")
    page.get_by_role("button", name="Register customer").click()
    page.get_by_role("textbox", name="Code").fill("-Yard")
    expect(page.get_by_text("Not a code: 1 to 50 letters")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill("Karoo-Mill")
    expect(page.get_by_text("In compose and in host names: karoo-mill")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Karoo Milling")
    page.get_by_role("dialog").get_by_role("button", name="Register").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Waiting for the first push")
    dialog.get_by_role("button", name="Copy block").click()
    block = dict(line.split("=") for line in page.evaluate("navigator.clipboard.readText()").splitlines())
    assert block["FleetIngest__Enabled"] == "true"
    assert block["FleetIngest__Url"] == f"{admin_stack.url}/api/fleet/ingest"
    assert push(admin_stack, block["FleetIngest__Token"]) == 200
    expect(dialog).to_contain_text("First push received")
    expect(dialog).to_contain_text("so far 0 sites, 0 meters")


def test_the_list_is_filtered_and_ordered_by_its_address(visit: Visit, admin_stack: RunningStack) -> None:
    for code, name in (("zebra-a", "Zebra Ice"), ("zebra-b", "Zebra Alloys")):
        admin_stack.command("customer", "add", code, name)
    admin_stack.command("customer", "disable", "zebra-b")
    page = visit().sign_in(admin_stack, OLGA, "/customers?q=zebra&sort=-name")
    names = page.locator("tbody th a")
    expect(names).to_have_text(["Zebra Ice", "Zebra Alloys"])
    page.get_by_role("button", name="Customer", exact=True).click()
    expect(names).to_have_text(["Zebra Alloys", "Zebra Ice"])
    expect(page.get_by_role("columnheader", name="Customer")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Disabled 1").click()
    expect(names).to_have_text(["Zebra Alloys"])
    expect(page).to_have_url(re.compile(r"/customers\?q=zebra&show=disabled&sort=name$"))
    page.reload()
    expect(names).to_have_text(["Zebra Alloys"])
    expect(page.get_by_role("searchbox")).to_have_value("zebra")


def test_a_stack_with_an_old_token_is_failing(visit: Visit, admin_stack: RunningStack) -> None:
    old = admin_stack.command("customer", "add", "ghost", "Ghost Works")["token"]
    admin_stack.command("customer", "rotate", "ghost", "--grace-hours", "0")
    assert push(admin_stack, old) == 401
    page = visit().sign_in(admin_stack, OLGA, "/customers?q=ghost")
    expect(row(page, "Ghost Works")).to_contain_text("Failing", timeout=15_000)


def test_a_code_is_given_out_once(visit: Visit, admin_stack: RunningStack) -> None:
    admin_stack.command("customer", "add", "twice", "Twice Foods")
    page = visit().sign_in(admin_stack, OLGA, "/customers")
    register(page, "twice", "Twice Foods again")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("twice")
    page.keyboard.press("Escape")
    expect(row(page, "Twice Foods again")).to_have_count(0)


def test_after_rotating_both_tokens_work_and_the_list_says_until_when(
    visit: Visit, admin_stack: RunningStack
) -> None:
    old = admin_stack.command("customer", "add", "rotor", "Rotor Works")["token"]
    page = visit(permissions=_CLIPBOARD).sign_in(admin_stack, OLGA, "/customers")
    choose(page, "Rotor Works", "Rotate token")
    page.get_by_label("Keep the old token valid").fill("2")
    page.get_by_role("dialog").get_by_role("button", name="Rotate token").click()
    new = take_token(page)
    expect(row(page, "Rotor Works")).to_contain_text("Old token valid until")
    assert [push(admin_stack, token) for token in (old, new)] == [200, 200]


def test_without_a_grace_window_the_old_token_ends_at_once(visit: Visit, admin_stack: RunningStack) -> None:
    old = admin_stack.command("customer", "add", "leak", "Leak Repairs")["token"]
    page = visit(permissions=_CLIPBOARD).sign_in(admin_stack, OLGA, "/customers")
    choose(page, "Leak Repairs", "Rotate token")
    page.get_by_label("Keep the old token valid").fill("0")
    page.get_by_role("dialog").get_by_role("button", name="Rotate token").click()
    new = take_token(page)
    assert [push(admin_stack, token) for token in (old, new)] == [401, 200]
    expect(row(page, "Leak Repairs")).not_to_contain_text("Old token")


def test_a_disabled_customer_is_refused_until_it_is_enabled_again(
    visit: Visit, admin_stack: RunningStack
) -> None:
    token = admin_stack.command("customer", "add", "pause", "Pause Textiles")["token"]
    page = visit().sign_in(admin_stack, OLGA, "/customers")
    choose(page, "Pause Textiles", "Disable")
    page.get_by_role("alertdialog").get_by_role("button", name="Disable").click()
    expect(row(page, "Pause Textiles")).to_contain_text("Disabled")
    assert push(admin_stack, token) == 401
    choose(page, "Pause Textiles", "Enable")
    page.get_by_role("alertdialog").get_by_role("button", name="Enable").click()
    expect(row(page, "Pause Textiles")).not_to_contain_text("Disabled")
    assert push(admin_stack, token) == 200


def test_searching_and_clearing_the_search(visit: Visit, admin_stack: RunningStack) -> None:
    admin_stack.command("customer", "add", "needle", "Needle and Thread")
    page = visit().sign_in(admin_stack, OLGA, "/customers")
    expect(row(page, "Needle and Thread")).to_be_visible()
    page.get_by_role("searchbox").fill("thread needle")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such customer")
    expect(page.get_by_text("No customer matches")).to_be_visible()
    page.get_by_role("button", name="Clear search").click()
    expect(row(page, "Needle and Thread")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")


@pytest.mark.parametrize("wrong", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_customer_is_not_found_in_words(
    visit: Visit, admin_stack: RunningStack, wrong: str
) -> None:
    page = visit().sign_in(admin_stack, OLGA, f"/customers/{wrong}?tab=cost")
    expect(page.get_by_role("heading", level=1)).to_have_text("Customer not found")
    page.get_by_role("link", name="All customers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")


def test_a_user_sees_the_list_but_none_of_its_actions(visit: Visit, admin_stack: RunningStack) -> None:
    admin_stack.command("customer", "add", "look", "Look Optics")
    admin_stack.add_user(_WATCHER, "user")
    page = visit().sign_in(admin_stack, _WATCHER, "/customers")
    expect(row(page, "Look Optics")).to_be_visible()
    expect(page.get_by_role("button", name="Register customer")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Actions for"))).to_have_count(0)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_list_and_its_dialogs_are_accessible_and_fit(
    visit: Visit, admin_stack: RunningStack, *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(admin_stack, OLGA, "/customers")
    page.get_by_role("button", name="Actions for Acme Cold Storage").click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)
    page.get_by_role("menuitem", name="Rotate token").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)


def test_the_drawer_of_a_phone_opens_closes_and_signs_out(visit: Visit, admin_stack: RunningStack) -> None:
    # Any other page behind a link would bring a closed one of its own.
    page = visit(phone=True).sign_in(admin_stack, OLGA, "/customers")
    drawer = page.get_by_role("navigation", name="Main")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    expect(drawer).to_be_visible()
    assert_accessible_and_fits(page)
    drawer.get_by_role("link", name="Customers").click()
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
