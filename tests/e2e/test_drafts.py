"""What is typed outlives a cut line, a reload and a restart, and is nobody else's."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.accessibility import assert_accessible_and_fits
from tests.e2e.conftest import ALICE, OLGA, Visitor
from tests.e2e.lossy_line import LossyLine
from tests.e2e.running import RunningStack
from tests.e2e.tariff_form import RATES, begin_tariff, expect_tariff, kept_drafts, name_box, rates_page, shown

Visit = Callable[..., Visitor]
_RESTORED = "what you had typed here and not saved"
_LOST = "WebSocket"


@pytest.fixture
def line(client_stack: RunningStack) -> Iterator[LossyLine]:
    """A line to the Client that can be cut."""
    made = LossyLine(client_stack.port)
    yield made
    made.close()


def _rates_over(visitor: Visitor, line: LossyLine) -> Page:
    page = visitor.sign_in_by_hand(line.url, ALICE)
    page.goto(f"{line.url}{RATES}")
    return shown(page)


def _sockets(page: Page) -> list[WebSocket]:
    found: list[WebSocket] = []
    page.on("websocket", lambda opened: found.append(opened))  # noqa: PLW0108 - it has to be a function of Python
    return found


def _cut(page: Page, line: LossyLine, sockets: list[WebSocket]) -> None:
    """Cut the line and wait until the page is back."""
    before = len(sockets)
    line.cut()
    page.wait_for_timeout(200)
    while len(sockets) == before:
        page.wait_for_timeout(50)
    expect(page.get_by_text("No connection to the portal")).to_have_count(0)


def test_a_cut_line_loses_nothing_and_what_was_typed_into_it_is_saved(
    visit: Visit, client_stack: RunningStack, line: LossyLine, municipality: str
) -> None:
    visitor = visit()
    visitor.expect_complaints(_LOST)
    page = _rates_over(visitor, line)
    sockets = _sockets(page)
    begin_tariff(page, municipality, "Cut draft")
    for number in range(3):
        _cut(page, line, sockets)
        expect_tariff(page, "Cut draft")
        expect(page.get_by_text(_RESTORED)).to_have_count(0)
        page.get_by_label("Fixed charge a month").fill(f"10{number}")
    line.go_dead()
    name_box(page).fill("Typed into a dead line")
    page.wait_for_timeout(600)
    _cut(page, line, sockets)
    expect(name_box(page)).to_have_value("Typed into a dead line")
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Typed into a dead line is saved.")).to_be_visible()
    assert kept_drafts(page) == []
    page.reload()
    expect(page.get_by_role("heading", name="Typed into a dead line")).to_be_visible()


def test_saved_on_a_dead_line_is_what_stands_in_the_boxes(
    visit: Visit, client_stack: RunningStack, line: LossyLine, municipality: str
) -> None:
    """Save is pressed before the page has noticed, and again when it is back."""
    visitor = visit()
    visitor.expect_complaints(_LOST)
    page = _rates_over(visitor, line)
    sockets = _sockets(page)
    page.get_by_role("button", name="Add municipality").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Half a na")
    line.go_dead()
    whole = f"Half a name {uuid4().hex[:6]}"
    dialog.get_by_label("Name").fill(whole)
    dialog.get_by_role("button", name="Add").click()
    _cut(page, line, sockets)
    expect(dialog.get_by_label("Name")).to_have_value(whole)
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_text(f"{whole} is saved.")).to_be_visible()
    assert kept_drafts(page) == []


def test_a_reload_and_a_restart_bring_every_form_back(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    visitor = visit()
    visitor.expect_complaints(_LOST)
    page = rates_page(visitor, client_stack)
    begin_tariff(page, municipality, "Reloaded draft")
    second, third, fourth = visitor.tab(), visitor.tab(), visitor.tab()
    second.goto(f"{client_stack.url}/settings/users")
    second.get_by_role("button", name="Add person").click()
    second.get_by_label("E-mail").fill("half-typed@example.com")
    second.get_by_label("Role").select_option("admin")
    third.goto(f"{client_stack.url}/settings/branding")
    expect(third.get_by_label("Product name")).not_to_have_value("")
    third.get_by_label("Product name").fill("Half a brand")
    third.get_by_label("Accent colour", exact=True).fill("#aa3300")
    fourth.goto(f"{client_stack.url}/settings/rates")
    fourth.get_by_role("button", name=f"Actions for {municipality}").click()
    fourth.get_by_role("menuitem", name="Edit").click()
    fourth.get_by_role("dialog").get_by_label("Time zone").fill("Europe/Ber")

    def expect_all() -> None:
        expect_tariff(page, "Reloaded draft")
        expect(second.get_by_label("E-mail")).to_have_value("half-typed@example.com")
        expect(second.get_by_label("Role")).to_have_value("admin")
        expect(third.get_by_label("Product name")).to_have_value("Half a brand")
        expect(third.get_by_label("Accent colour", exact=True)).to_have_value("#aa3300")
        expect(third.locator("code", has_text="#aa3300")).to_be_visible()
        expect(fourth.get_by_role("dialog").get_by_label("Name")).to_have_value(municipality)
        expect(fourth.get_by_role("dialog").get_by_label("Time zone")).to_have_value("Europe/Ber")

    pages = (page, second, third, fourth)
    for each in pages:
        each.reload()
    expect_all()
    for each in (second, third, fourth):
        expect(each.get_by_text(_RESTORED)).to_be_visible()
    client_stack.stop()
    client_stack.start()
    for each in pages:
        expect(each.get_by_text("No connection to the portal")).to_have_count(0, timeout=30_000)
    expect_all()
    for each in pages:
        expect(each.get_by_text(_RESTORED)).to_be_visible()
    client_stack.execute(
        f"UPDATE app.municipalities SET time_zone_id = 'Europe/Paris' WHERE name = '{municipality}'"
    )
    fourth.reload()
    expect(fourth.get_by_text("It has been changed by somebody")).to_be_visible()
    for each in pages:
        assert_accessible_and_fits(each)
        each.get_by_role("button", name="Discard it").click()
        expect(each.get_by_text(_RESTORED)).to_have_count(0)
        assert kept_drafts(each) == []
    expect(third.get_by_label("Product name")).not_to_have_value("Half a brand")
    expect(page.get_by_label("Name of the period")).to_have_count(0)


def test_drafts_are_of_one_tab_one_person_and_no_secret(visit: Visit, client_stack: RunningStack) -> None:
    visitor = visit()
    page = visitor.sign_in(client_stack, ALICE, "/settings/api-keys")
    page.get_by_role("button", name="New key").first.click()
    page.get_by_label("Name").fill("first tab")
    other = visitor.tab()
    other.goto(f"{client_stack.url}/settings/api-keys")
    other.get_by_role("button", name="New key").first.click()
    other.get_by_label("Name").fill("second tab")
    for tab, text in ((page, "first tab"), (other, "second tab")):
        tab.reload()
        expect(tab.get_by_label("Name")).to_have_value(text)
    account = visitor.tab()
    account.goto(f"{client_stack.url}/settings")
    account.get_by_label("Present password").fill("a secret of mine")
    account.get_by_role("button", name="Set up").click()
    account.get_by_role("dialog").get_by_label("Password").fill("a secret of mine")
    assert "secret of mine" not in json.dumps(account.evaluate("({...sessionStorage, ...localStorage})"))
    account.get_by_role("button", name="Cancel").click()
    account.get_by_role("button", name="Sign out", exact=True).first.click()
    for tab in (page, other):
        expect(tab.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
        assert kept_drafts(tab) == []


def test_a_draft_of_the_release_before_comes_back(visit: Visit, client_stack: RunningStack) -> None:
    """The dialog of a municipality had another name then, which a tab has kept over the upgrade."""
    page = rates_page(visit(), client_stack)
    empty, typed = {"name": "", "zone": ""}, {"name": "Half a town", "zone": "Europe/Ber"}
    draft = {"owner": ALICE, "opening": ["place", "", ""], "after": "", "base": empty, "boxes": typed}
    page.evaluate("(draft) => sessionStorage.setItem('draft/municipality', JSON.stringify(draft))", draft)
    page.reload()
    expect(page.get_by_role("dialog").get_by_label("Name")).to_have_value("Half a town")
    expect(page.get_by_role("dialog").get_by_label("Time zone")).to_have_value("Europe/Ber")
    expect(page.get_by_text(_RESTORED)).to_be_visible()


def test_what_is_in_storage_is_not_believed(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in(client_stack, ALICE, "/settings/api-keys")
    draft = {"owner": OLGA, "opening": ["add", "", ""], "after": "", "base": {}, "boxes": {"name": "hers"}}
    for bad in (
        draft,
        {**draft, "owner": ALICE, "boxes": {"name": "x" * 600}},
        {**draft, "owner": ALICE, "boxes": ["name"]},
        {**draft, "owner": ALICE, "opening": "add"},
        "no draft at all",
    ):
        page.evaluate("(draft) => sessionStorage.setItem('draft/api-keys', JSON.stringify(draft))", bad)
        page.reload()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        expect(page.get_by_role("button", name="New key").first).to_be_visible()
        page.wait_for_timeout(300)
        assert page.get_by_role("dialog").count() == 0
        assert kept_drafts(page) == []


def test_a_copied_tab_gets_a_state_of_its_own(visit: Visit, client_stack: RunningStack) -> None:
    """Copied as a browser does it: everything in the tab's storage, and none of its memory."""
    visitor = visit()
    page = visitor.sign_in(client_stack, ALICE)
    expect(page.get_by_text(ALICE)).to_be_visible()
    copy = visitor.tab()
    stored = page.evaluate("({...sessionStorage})")
    copy.add_init_script(
        "if (!window.name) { window.name = 'copied';"
        f"for (const [key, text] of Object.entries({json.dumps(stored)})) sessionStorage.setItem(key, text) }}"
    )
    sockets = _sockets(copy)
    copy.goto(f"{client_stack.url}/settings")
    expect(copy.get_by_text(ALICE)).to_be_visible()
    token = "() => Object.entries(sessionStorage).find(([key]) => key.includes('token'))?.[1]"
    assert parse_qs(urlsplit(sockets[0].url).query)["token"] == [page.evaluate(token)]
    assert copy.evaluate(token) != page.evaluate(token)
    page.goto(f"{client_stack.url}/settings")
    expect(page.get_by_text(ALICE)).to_be_visible()


def test_the_log_in_form_keeps_what_is_typed_on_a_cut_line(visit: Visit, line: LossyLine) -> None:
    """Nobody is signed in there, so no state is handed over; the form is the browser's own."""
    visitor = visit()
    visitor.expect_complaints(_LOST)
    page = visitor.tab()
    sockets = _sockets(page)
    page.goto(f"{line.url}/login?error=credentials")
    expect(page.get_by_text("do not match")).to_be_visible()
    page.get_by_label("E-mail").fill(ALICE)
    _cut(page, line, sockets)
    expect(page.get_by_text("do not match")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value(ALICE)
