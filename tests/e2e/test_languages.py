"""A person who reads Afrikaans: pages in it before any script runs, words of handlers, numbers, dates; others go on."""

import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.e2e.conftest import BOB, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]


def _person(stack: RunningStack) -> str:
    email = f"anna-{uuid4().hex[:8]}@example.com"
    stack.add_user(email, "admin")
    return email


def _served(page: Page, address: str) -> str:
    """Return a page as the server sends it, before any script of it has run."""
    return page.request.get(address, headers={"accept": "text/html"}).text()


def test_a_person_chooses_afrikaans_and_others_go_on_in_english(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = visit().sign_in(client_stack, _person(client_stack), "/settings")
    page.get_by_label("Language", exact=True).select_option("af")
    page.get_by_label("Numbers", exact=True).select_option("af-ZA")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("heading", level=1, name="Instellings")).to_be_visible()
    expect(page.get_by_text("Jou taal is gestoor.")).to_be_visible()  # a handler's words
    expect(page.locator("html")).to_have_attribute("lang", "af")
    expect(page).to_have_title(re.compile("Rekening"))
    page.get_by_role("link", name="Persele").first.click()
    expect(page.get_by_role("heading", level=1, name="Persele")).to_be_visible()
    html = _served(page, f"{client_stack.url}/cost")
    assert '<html lang="af"' in html
    assert "Energiekoste" in html
    assert "Energy cost" not in html
    page.goto(f"{client_stack.url}/cost?from=2026-05-04&to=2026-05-17")
    expect(page.locator("main")).to_contain_text("4 \u2013 17 Mei 2026")
    expect(page.locator("main")).to_contain_text(re.compile(r"\d,\d\d"))

    english = visit().sign_in(client_stack, BOB, "/cost?from=2026-05-04&to=2026-05-17")
    expect(english.locator("main")).to_contain_text("4 \u2013 17 May 2026")
    assert "Energy cost" in _served(english, f"{client_stack.url}/cost")


def test_who_is_not_signed_in_is_spoken_to_as_their_browser_asks(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = visit().tab()
    asked = {"accept": "text/html", "accept-language": "af-ZA,af;q=0.9,en;q=0.8"}
    answer = page.request.get(f"{client_stack.url}/login", headers=asked)
    assert "Meld aan" in answer.text()
    assert "Accept-Language" in answer.headers["vary"]
    assert "Sign in" in _served(page, f"{client_stack.url}/login")
