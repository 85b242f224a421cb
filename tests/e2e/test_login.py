"""Signing in and out, as people do it and as people try it."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, OLGA, Visitor, submit_login
from tests.e2e.running import PASSWORD, RunningStack

Visit = Callable[..., Visitor]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1, name=text)).to_be_visible()


def test_alice_signs_in_and_sees_who_she_is(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in_by_hand(client_stack.url, ALICE)
    heading(page, "Dashboard")
    expect(page.get_by_text(ALICE)).to_be_visible()


def test_the_session_survives_a_reload_and_a_second_tab(visit: Visit, client_stack: RunningStack) -> None:
    alice = visit()
    page = alice.sign_in(client_stack, ALICE)
    page.reload()
    expect(page.get_by_text(ALICE)).to_be_visible()
    other = alice.tab()
    other.goto(client_stack.url)
    expect(other.get_by_text(ALICE)).to_be_visible()


def test_a_stranger_is_sent_to_the_login_page_and_back_where_they_wanted_to_go(
    visit: Visit, client_stack: RunningStack
) -> None:
    stranger = visit()
    page = stranger.tab()
    page.goto(f"{client_stack.url}/nowhere?x=1")
    heading(page, "Sign in")
    expect(page.locator("input[name=next]")).to_have_value("/nowhere?x=1")
    submit_login(page, ALICE, PASSWORD)
    page.wait_for_url("**/nowhere?x=1")
    heading(page, "Page not found")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    heading(page, "Settings")
    stranger.forgive("404")


def test_a_wrong_password_is_refused_in_words(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().tab()
    page.goto(f"{client_stack.url}/login")
    submit_login(page, BOB, "not-the-password")
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("E-mail")).to_have_value(BOB)
    password = page.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    password.fill("seen")
    expect(password).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    expect(page.get_by_text("Ask an admin of this portal")).to_be_visible()
    page.goto(client_stack.url)
    heading(page, "Sign in")


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(client_stack: RunningStack) -> None:
    answers = [_log_in(client_stack, email, "not-the-password") for email in (ALICE, "nobody@example.com")]
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
        (303, "/login?error=credentials")
    }


def test_too_many_failures_close_the_account_even_to_the_right_password(
    visit: Visit, client_stack: RunningStack
) -> None:
    email = "clumsy@example.com"
    client_stack.add_user(email, "user")
    for _ in range(5):
        _log_in(client_stack, email, "not-the-password")
    page = visit().tab()
    page.goto(f"{client_stack.url}/login")
    submit_login(page, email, PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"opens again in 1[45] minutes"))


def test_signing_out_in_one_tab_ends_the_other(visit: Visit, client_stack: RunningStack) -> None:
    bob = visit()
    page = bob.sign_in(client_stack, BOB)
    other = bob.tab()
    other.goto(client_stack.url)
    expect(other.get_by_text(BOB)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Sign in")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    heading(other, "Sign in")
    expect(other.get_by_text(BOB)).to_have_count(0)


def test_the_next_person_in_the_same_tab_sees_nothing_of_the_one_before(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = visit().sign_in(client_stack, ALICE)
    expect(page.get_by_text(ALICE)).to_be_visible()
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Sign in")
    submit_login(page, BOB, PASSWORD)
    expect(page.get_by_text(BOB)).to_be_visible()
    assert any(BOB in frame for frame in frames)
    assert not any(ALICE in frame for frame in frames)


def test_the_cookie_is_out_of_reach_of_scripts(visit: Visit, client_stack: RunningStack) -> None:
    alice = visit()
    page = alice.sign_in_by_hand(client_stack.url, ALICE)
    [cookie] = alice.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("portal_session", True, "Lax")
    assert page.evaluate("document.cookie") == ""


def test_the_product_name_is_the_settings_one_in_either_mode(
    visit: Visit, client_stack: RunningStack, admin_stack: RunningStack
) -> None:
    for stack, name in ((client_stack, "Acme Energy & Co"), (admin_stack, "Northwind Operations")):
        page = visit().tab()
        page.goto(f"{stack.url}/login")
        shown = page.locator(".ui-brand-name").first.evaluate("e => getComputedStyle(e, '::after').content")
        assert shown == f'"{name}"'


def test_olga_of_the_admin_stack_is_nobody_on_the_client_stack(
    visit: Visit, client_stack: RunningStack, admin_stack: RunningStack
) -> None:
    visit().sign_in_by_hand(admin_stack.url, OLGA)
    page = visit().tab()
    page.goto(f"{client_stack.url}/login")
    submit_login(page, OLGA, PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("do not match")


@pytest.mark.parametrize(
    "path",
    [
        "/auth/login",
        "/auth/code",
        "/auth/logout",
        "/auth/password",
        "/auth/set-password",
        "/auth/brand/logo",
        "/auth/brand/logo/remove",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
    ids=["another origin", "cross-site without origin", "opaque origin"],
)
def test_a_form_on_another_site_is_not_accepted(
    client_stack: RunningStack, path: str, headers: dict[str, str]
) -> None:
    form = {"email": ALICE, "password": PASSWORD}
    answer = httpx.post(f"{client_stack.url}{path}", data=form, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(client_stack: RunningStack, elsewhere: str) -> None:
    form = {"email": ALICE, "password": PASSWORD, "next": elsewhere}
    answer = httpx.post(f"{client_stack.url}/auth/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("path", ["/login", "/login?error=credentials", "/login?error=locked&minutes=12"])
def test_the_login_page_is_accessible(visit: Visit, client_stack: RunningStack, path: str) -> None:
    page = visit().tab()
    page.goto(client_stack.url + path)
    page.wait_for_load_state("networkidle")
    assert_accessible_and_fits_in_light_and_dark(page)


def test_the_login_form_works_without_scripts(visit: Visit, client_stack: RunningStack) -> None:
    page = visit(java_script_enabled=False).tab()
    page.goto(f"{client_stack.url}/login")
    submit_login(page, ALICE, PASSWORD)
    page.wait_for_url(f"{client_stack.url}/")


def test_pages_forbid_foreign_frames_and_scripts(client_stack: RunningStack) -> None:
    answer = httpx.get(f"{client_stack.url}/login", headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def _log_in(stack: RunningStack, email: str, password: str) -> httpx.Response:
    return httpx.post(f"{stack.url}/auth/login", data={"email": email, "password": password})
