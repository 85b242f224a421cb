"""The Settings pages: people, keys, brand and what each of them does to pages that are open elsewhere."""

import re
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, OLGA, Visitor, submit_login
from tests.e2e.running import PASSWORD, RunningStack
from tests.pace import within
from tests.unit.brand.test_images import png

Visit = Callable[..., Visitor]
_SECONDS = 5  # what "within seconds" is held to
_PATHS = ("", "/branding", "/users", "/api-keys", "/audit", "/grafana", "/app-config")
_PANEL = '<!doctype html><html lang="en"><title>Power</title><main><h1>Power</h1></main></html>'


def _open(page: Page, stack: RunningStack, path: str = "") -> Page:
    page.goto(f"{stack.url}/settings{path}")
    return _shown(page)


def _sign_in(visitor: Visitor, stack: RunningStack, email: str, path: str = "") -> Page:
    return _shown(visitor.sign_in(stack, email, f"/settings{path}"))


def _shown(page: Page) -> Page:
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def _person(stack: RunningStack, role: str = "user") -> str:
    email = f"person-{uuid4().hex[:8]}@example.com"
    stack.add_user(email, role)
    return email


def _sent_to_login(page: Page) -> None:
    with within(_SECONDS):
        expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


def test_a_person_gets_in_by_a_link_that_works_once(visit: Visit, client_stack: RunningStack) -> None:
    email = f"carol-{uuid4().hex[:8]}@example.com"
    admin = _sign_in(visit(), client_stack, ALICE, "/users")
    admin.get_by_role("button", name="Add person").click()
    admin.get_by_label("E-mail").fill(email)
    admin.get_by_role("dialog").get_by_role("button", name="Add person").click()
    link = admin.locator("#password-link").inner_text()
    carol = visit().tab()
    carol.goto(link)
    expect(carol).to_have_url(f"{client_stack.url}/set-password")
    carol.get_by_label("New password").fill(PASSWORD)
    carol.get_by_role("button", name="Set password").click()
    expect(carol.get_by_text("Your password is set.")).to_be_visible()
    submit_login(carol, email, PASSWORD)
    expect(carol.get_by_text(email)).to_be_visible()
    stranger = visit(java_script_enabled=False).tab()
    stranger.goto(link)
    stranger.get_by_label("New password").fill("another-password")
    stranger.get_by_role("button", name="Set password").click()
    expect(stranger).to_have_url(re.compile("problem=link"))


def test_deactivating_somebody_closes_their_open_pages(visit: Visit, client_stack: RunningStack) -> None:
    email = _person(client_stack)
    theirs = visit().sign_in(client_stack, email)
    expect(theirs.get_by_text(email)).to_be_visible()
    admin = _sign_in(visit(), client_stack, ALICE, "/users")
    admin.get_by_role("button", name=f"Actions for {email}").click()
    admin.get_by_role("menuitem", name="Deactivate").click()
    admin.get_by_role("button", name="Deactivate").click()
    _sent_to_login(theirs)
    submit_login(theirs, email, PASSWORD)
    expect(theirs.get_by_role("alert")).to_contain_text("do not match")


def test_a_new_password_closes_every_other_device_and_keeps_this_one(
    visit: Visit, client_stack: RunningStack
) -> None:
    email = _person(client_stack)
    here, there = visit().sign_in(client_stack, email), visit().sign_in(client_stack, email)
    expect(there.get_by_text(email)).to_be_visible()
    _open(here, client_stack)
    expect(here.get_by_role("button", name="Sign out everywhere else")).to_be_visible()
    here.get_by_label("Present password").fill(PASSWORD)
    here.get_by_label("New password").fill("a-new-password-of-mine")
    here.get_by_role("button", name="Change password").click()
    expect(here.get_by_text("Your password is changed.")).to_be_visible()
    _sent_to_login(there)
    expect(here.get_by_text("This one")).to_be_visible()


def test_sessions_end_from_afar_one_by_one_and_all(visit: Visit, client_stack: RunningStack) -> None:
    email = _person(client_stack)
    here, second, third = (visit().sign_in(client_stack, email) for _ in range(3))
    for page in (second, third):
        expect(page.get_by_text(email)).to_be_visible()
    _open(here, client_stack)
    here.get_by_role("button", name="Sign out", exact=True).nth(1).click()
    here.get_by_role("button", name="Sign out everywhere else").click()
    _sent_to_login(second)
    _sent_to_login(third)


def test_another_process_ends_a_session_too(visit: Visit, client_stack: RunningStack) -> None:
    """What a second process does to the database reaches the pages of this one."""
    page = visit().sign_in(client_stack, BOB)
    expect(page.get_by_text(BOB)).to_be_visible()
    client_stack.execute(
        f"WITH gone AS (DELETE FROM app.sessions USING app.users u WHERE u.id = user_id "
        f"AND u.email = '{BOB}' RETURNING token_hash) SELECT 1 FROM gone"
    )
    with within(15):
        page.wait_for_url(re.compile("/login"))


def test_a_key_is_shown_once_does_what_its_scope_says_and_ends(
    visit: Visit, admin_stack: RunningStack
) -> None:
    name = f"key {uuid4().hex[:6]}"
    page = _sign_in(visit(), admin_stack, OLGA, "/api-keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("#issued-key").inner_text()
    headers = {"Authorization": f"Bearer {key}"}
    customers = f"{admin_stack.url}/api/admin/customers"
    assert httpx.get(customers, headers=headers).status_code == 200
    refused = httpx.post(customers, headers=headers, json={"code": "NOPE", "name": "Nope"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    page.keyboard.press("Escape")
    shown = page.get_by_role("alertdialog")
    expect(shown).to_contain_text("cannot be shown again")
    shown.get_by_role("button", name="Keep it open").press("Enter")
    expect(page.locator("#issued-key")).to_have_text(key)
    page.keyboard.press("Escape")
    shown.get_by_role("button", name="Close, I have it").click()
    expect(page.locator("#issued-key")).to_have_count(0)
    assert key not in page.content()
    page.reload()
    row = page.get_by_role("row", name=name)
    expect(row).to_contain_text("just now")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    assert httpx.get(customers, headers=headers).status_code == 401


def test_a_plain_user_sees_their_account_and_nothing_of_the_rest(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = _sign_in(visit(), client_stack, BOB)
    expect(page.get_by_role("navigation", name="Settings").get_by_role("link")).to_have_text(["Account"])
    for path in _PATHS[1:]:
        page.goto(f"{client_stack.url}/settings{path}")
        page.wait_for_url(f"{client_stack.url}/")


def test_the_pages_are_accessible(visit: Visit, client_stack: RunningStack) -> None:
    alice = visit()
    # No Grafana runs beside the stack: its address would be answered 404 inside the page.
    alice.context.route("**/grafana/d/*", lambda route: route.fulfill(content_type="text/html", body=_PANEL))
    page = alice.sign_in(client_stack, ALICE)
    for path in _PATHS:
        _open(page, client_stack, path)
        assert_accessible_and_fits_in_light_and_dark(page)


def test_the_audit_trail_wraps_what_it_is_about(visit: Visit, client_stack: RunningStack) -> None:
    """The table stays in its card, however much was changed at once."""
    client_stack.execute(
        "INSERT INTO app.audit_events (action, actor_kind, actor_name, address, subject, detail) VALUES "
        "('tariff.saved', 'system', 'system', '', 'Long', repeat('rate of period Peak: 2.5 → 3.5; ', 40))"
    )
    page = visit().sign_in(client_stack, ALICE, "/settings/audit")
    expect(page.get_by_role("row").filter(has_text="rate of period Peak").first).to_be_visible()
    region = page.get_by_role("region", name="Audit trail")
    assert region.evaluate("e => e.scrollWidth <= e.clientWidth")


def _name_of(page: Page) -> str:
    return page.locator(".ui-brand-name").first.evaluate("e => getComputedStyle(e, '::after').content")


@pytest.fixture
def brand_page(visit: Visit, admin_stack: RunningStack) -> Iterator[Page]:
    """Olga at the Branding page of the Admin; the brand is what it was when the test ends."""
    page = _sign_in(visit(), admin_stack, OLGA, "/branding")
    expect(page.get_by_label("Product name")).to_have_value("Northwind Operations")
    yield page
    _save_brand(page, "Northwind Operations", "#1f5fd6")


def _save_brand(page: Page, name: str, colour: str) -> None:
    page.get_by_label("Product name").fill(name)
    page.get_by_label("Primary colour", exact=True).fill(colour)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved, and shown on every open page.")).to_be_visible()


def test_a_brand_reaches_every_open_page_and_no_other_name_is_left(
    visit: Visit, admin_stack: RunningStack, brand_page: Page
) -> None:
    stranger = visit().tab()
    stranger.goto(f"{admin_stack.url}/login")
    _save_brand(brand_page, 'Söhne "&" Töchter', "#b8860b")
    _wait_until(lambda: "Töchter" in _name_of(stranger))
    for page in (stranger, brand_page):
        _wait_until(lambda page=page: _colour_of(page) == "#b8860b")
    for text in _everything_served(admin_stack, brand_page.context.new_page()):
        assert not re.search(r"northwind|energy portal|reflex\.dev|built with", text, re.IGNORECASE), text[
            :200
        ]


def _colour_of(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--blue-9').trim()")


def _wait_until(holds: Callable[[], bool]) -> None:
    """Poll from outside: the page's own policy forbids the evaluation a wait inside the page needs."""
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline, "an open page still shows the brand of before"
        time.sleep(0.05)


def _everything_served(stack: RunningStack, page: Page) -> list[str]:
    """Pages, stylesheets and headers as a visitor gets them, and the words a signed-in person sees."""
    texts: list[str] = []
    for path in ("/login", "/set-password", "/nowhere", "/branding.css", "/brand/icon", "/brand/logo"):
        answer = httpx.get(f"{stack.url}{path}", headers={"Accept": "text/html"})
        texts += [answer.text, str(answer.headers)]
    page.goto(f"{stack.url}/customers")
    page.wait_for_load_state("networkidle")
    return [*texts, page.locator("body").inner_text(), page.title()]


def test_a_cold_load_is_in_the_brand_before_any_script_runs(visit: Visit, client_stack: RunningStack) -> None:
    page = visit(java_script_enabled=False).tab()
    page.goto(f"{client_stack.url}/login")
    html = httpx.get(f"{client_stack.url}/login", headers={"Accept": "text/html"}).text
    head = html[: html.index("<body")]
    assert re.search(
        r'<link[^>]*href="/branding\.css"[^>]*rel="stylesheet"|rel="stylesheet"[^>]*href="/branding\.css"',
        head,
    )
    shown = page.locator(".ui-brand-name").first
    expect(shown).to_be_visible()


def test_images_are_taken_by_content_and_served_as_images_only(client_stack: RunningStack) -> None:
    login = {"email": ALICE, "password": PASSWORD}
    with httpx.Client(base_url=client_stack.url) as alice:
        alice.post("/auth/login", data=login)
        svg = b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>"
        answers = {
            name: alice.post("/auth/brand/logo", files={"image": ("logo.png", content, "image/png")})
            for name, content in (("svg", svg), ("big", png() + bytes(600_000)), ("png", png()))
        }
        assert answers["svg"].headers["location"].endswith("problem=image")
        assert answers["big"].headers["location"].endswith("problem=large")
        assert answers["png"].headers["location"].endswith("saved=logo")
        served = httpx.get(f"{client_stack.url}/brand/logo")
        assert (served.content, served.headers["content-type"]) == (png(), "image/png")
        assert served.headers["x-content-type-options"] == "nosniff"
        assert served.headers["content-security-policy"].startswith("default-src 'none'")
        alice.post("/auth/brand/logo/remove")
    assert httpx.get(f"{client_stack.url}/brand/logo").headers["content-type"].startswith("image/svg+xml")


@pytest.mark.parametrize("kind", ["logo", "icon"])
def test_a_drawing_is_served_without_what_it_could_do(
    visit: Visit, client_stack: RunningStack, kind: str
) -> None:
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8' onload='document.title=1'>"
        "<script>document.title=1</script><rect width='8' height='8' fill='#123456'/></svg>"
    )
    with httpx.Client(base_url=client_stack.url) as alice:
        alice.post("/auth/login", data={"email": ALICE, "password": PASSWORD})
        answer = alice.post(f"/auth/brand/{kind}", files={"image": ("x.svg", drawing, "image/svg+xml")})
        assert answer.headers["location"].endswith(f"saved={kind}")
        page = visit().tab()
        served = page.goto(f"{client_stack.url}/brand/{kind}")
        assert served is not None
        assert "script" not in served.text()
        assert "onload" not in served.text()
        assert (served.headers["content-type"], served.headers["x-content-type-options"]) == (
            "image/svg+xml",
            "nosniff",
        )
        assert served.headers["content-security-policy"].endswith("sandbox")
        assert "#123456" in page.content()
        alice.post(f"/auth/brand/{kind}/remove")


@pytest.mark.parametrize("email", ["", BOB])
def test_only_an_admin_changes_images(client_stack: RunningStack, email: str) -> None:
    with httpx.Client(base_url=client_stack.url) as visitor:
        if email:
            visitor.post("/auth/login", data={"email": email, "password": PASSWORD})
        answer = visitor.post("/auth/brand/logo", files={"image": ("logo.png", png(), "image/png")})
    assert answer.status_code in (303, 403)
    assert answer.headers.get("location", "/login") == "/login"
    assert httpx.get(f"{client_stack.url}/brand/logo").headers["content-type"].startswith("image/svg+xml")


def test_app_config_names_the_mode_first_and_no_secret(visit: Visit, client_stack: RunningStack) -> None:
    page = _sign_in(visit(), client_stack, ALICE, "/app-config")
    expect(page.locator(".ui-facts dt").first).to_have_text("Application__RunMode")
    expect(page.get_by_role("heading", name="Push to the Admin")).to_be_visible()
    body = page.content()
    assert client_stack.settings["FleetIngest__Token"] not in body
    assert client_stack.settings["Database__ConnectionString"] not in body
