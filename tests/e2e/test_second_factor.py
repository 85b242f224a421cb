"""The second factor as people use it: set up on the page of one's own account, asked for at the next log-in."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP

from tests.e2e.accessibility import assert_accessible_and_fits, assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, Visitor, submit_login
from tests.e2e.running import PASSWORD, RunningStack
from tests.pace import within

Visit = Callable[..., Visitor]


def _code(secret: str, steps: int = 0) -> str:
    """A code as the app shows it now, or in as many steps: good for half a minute more, however slow the page is."""
    return TOTP(secret).at(datetime.now(UTC), counter_offset=steps)


def _person(stack: RunningStack) -> str:
    email = f"careful-{uuid4().hex[:8]}@example.com"
    stack.add_user(email, "user")
    return email


def _set_up(page: Page, stack: RunningStack) -> tuple[str, list[str]]:
    """Set it up as a person does; returns the key and the recovery codes."""
    page.goto(f"{stack.url}/settings")
    page.get_by_role("button", name="Set up").click()
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    scan = page.get_by_role("alertdialog")
    expect(scan.get_by_role("img")).to_be_visible()
    secret = scan.locator("code").inner_text().replace(" ", "")
    scan.get_by_label("Code").fill(_code(secret))
    page.get_by_role("button", name="Turn on").click()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert_accessible_and_fits(page)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("8 recovery codes left")).to_be_visible()
    return secret, codes


def _second_step(page: Page, stack: RunningStack, email: str, onward: str = "/login") -> None:
    page.goto(f"{stack.url}{onward}")
    submit_login(page, email, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Confirm it is you")).to_be_visible()


def _enter(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def test_it_is_set_up_asked_for_and_its_secret_never_shown_again(
    visit: Visit, client_stack: RunningStack
) -> None:
    email = _person(client_stack)
    page = visit().sign_in(client_stack, email)
    secret, codes = _set_up(page, client_stack)
    assert len(codes) == 8
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    page.reload()
    expect(page.get_by_text("8 recovery codes left")).to_be_visible()
    seen = page.content() + "".join(frames) + client_stack.log()
    assert not [kept for kept in (secret, *codes) if kept in seen]

    visitor = visit()
    there = visitor.tab()
    _second_step(there, client_stack, email, "/settings")
    assert [cookie["name"] for cookie in visitor.context.cookies()] == ["portal_step"]
    _enter(there, "000000")
    expect(there.get_by_role("alert")).to_contain_text("wrong or was used already")
    _enter(there, _code(secret, 1))
    there.wait_for_url("**/settings")
    expect(there.get_by_text(email)).to_be_visible()

    again = visit().tab()
    _second_step(again, client_stack, email)
    _enter(again, codes[0])
    again.wait_for_url(f"{client_stack.url}/")


def test_the_second_step_works_without_scripts(visit: Visit, client_stack: RunningStack) -> None:
    email = _person(client_stack)
    secret, _ = _set_up(visit().sign_in(client_stack, email), client_stack)
    page = visit(java_script_enabled=False).tab()
    _second_step(page, client_stack, email)
    _enter(page, _code(secret, 1))
    page.wait_for_url(f"{client_stack.url}/")


def test_the_code_page_alone_leads_nowhere(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().tab()
    page.goto(f"{client_stack.url}/login-code")
    _enter(page, "123456")
    expect(page.get_by_role("alert")).to_contain_text("took too long")
    page.goto(client_stack.url)
    expect(page).to_have_url(re.compile("/login$"))


def test_it_is_turned_off_by_password_and_code(visit: Visit, client_stack: RunningStack) -> None:
    email = _person(client_stack)
    page = visit().sign_in(client_stack, email)
    _, codes = _set_up(page, client_stack)
    page.get_by_role("button", name="Turn off").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password").fill("not-the-password")
    dialog.get_by_label("Code").fill(codes[0])
    dialog.get_by_role("button", name="Turn off").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is wrong")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Code").fill(codes[0])
    dialog.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Set up")).to_be_visible()
    assert _log_in(client_stack, email).headers["location"] == "/"


def test_an_admin_resets_it_and_so_does_the_command_line(visit: Visit, client_stack: RunningStack) -> None:
    email = _person(client_stack)
    theirs = visit().sign_in(client_stack, email)
    _set_up(theirs, client_stack)
    admin = visit().sign_in(client_stack, ALICE)
    admin.goto(f"{client_stack.url}/settings/users")
    admin.get_by_role("button", name=f"Actions for {email}").click()
    admin.get_by_role("menuitem", name="Reset second factor").click()
    admin.get_by_role("button", name="Reset").click()
    with within(5):
        expect(theirs.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    submit_login(theirs, email, PASSWORD)
    expect(theirs.get_by_text(email)).to_be_visible()
    _set_up(theirs, client_stack)
    assert _log_in(client_stack, email).headers["location"] == "/login-code"
    client_stack.command("user", "reset-second-factor", email)
    assert _log_in(client_stack, email).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/login-code", "/login-code?error=code"])
def test_the_code_page_is_accessible(visit: Visit, client_stack: RunningStack, path: str) -> None:
    page = visit().tab()
    page.goto(client_stack.url + path)
    page.wait_for_load_state("networkidle")
    assert_accessible_and_fits_in_light_and_dark(page)


def _log_in(stack: RunningStack, email: str) -> httpx.Response:
    return httpx.post(f"{stack.url}/auth/login", data={"email": email, "password": PASSWORD})
