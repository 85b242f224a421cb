"""Olga says who sees whom; Lena sees her customer and nothing else, on every page and as files."""

from collections.abc import Callable

import httpx
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import OLGA, LimitedPerson, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_MIRA = "mira@example.com"
_SCOPES = "/settings/scopes"
_TABS = ("", "?tab=tariffs", "?tab=cost", "?tab=events", "?tab=quality")
_PAGES = ("/", "/dashboards", "/customers", "/cost", "/data-quality", "/tariff-library", "/settings")


def test_olga_says_who_sees_whom(visit: Visit, admin_stack: RunningStack, lena: LimitedPerson) -> None:
    admin_stack.add_user(_MIRA, "user")
    page = visit().sign_in(admin_stack, OLGA, _SCOPES)
    line = page.get_by_role("row").filter(has_text=_MIRA)
    expect(line).to_contain_text("Every customer")
    expect(page.get_by_role("row").filter(has_text=OLGA).get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name=f"Change what {_MIRA} sees").click()
    dialog = page.get_by_role("dialog")
    alone = dialog.get_by_label("These customers alone")
    alone.click()  # what is chosen is marked once the server has heard of it
    expect(alone).to_be_checked()
    dialog.get_by_role("searchbox").fill(lena.own_name)
    dialog.get_by_role("checkbox", name=f"Add {lena.own_code}").click()
    expect(dialog.get_by_role("button", name=f"Take {lena.own_code} away")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(line).to_contain_text(lena.own_code)
    expect(line).to_contain_text("By hand")
    assert_accessible_and_fits_in_light_and_dark(page)


def test_every_page_shows_hers_and_nothing_else(
    visit: Visit, admin_stack: RunningStack, lena: LimitedPerson
) -> None:
    visitor = visit()
    visitor.context.add_cookies([{"name": "portal_session", "value": lena.session, "url": admin_stack.url}])
    page = visitor.tab()
    own = [f"/customers/{lena.own}{tab}" for tab in _TABS] + [f"/customers/{lena.own}/view"]
    other = [f"/customers/{lena.other}{tab}" for tab in _TABS] + [f"/customers/{lena.other}/view"]
    for path in (*_PAGES, *own, *other, f"/customers?q={lena.other_code}"):
        page.goto(f"{admin_stack.url}{path}")
        expect(page.locator("main .ui-skeleton")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        shown = page.content()
        assert [each for each in lena.secrets if each in shown and f"q={each}" not in path] == [], path
        if path in ("/customers", own[0], "/"):
            expect(page.get_by_role("main")).to_contain_text(lena.own_name)
    page.goto(f"{admin_stack.url}{_SCOPES}")
    expect(page.get_by_text("Who sees which customers")).to_have_count(0)


def test_files_hold_hers_and_nothing_else(admin_stack: RunningStack, lena: LimitedPerson) -> None:
    cookies = {"portal_session": lena.session}
    for path in ("/download/customers.csv", "/download/fleet/cost.csv?month=2026-05"):
        answer = httpx.get(f"{admin_stack.url}{path}", cookies=cookies, timeout=60)
        assert answer.status_code == 200, path
        assert (lena.own_name in answer.text, lena.secrets[1] in answer.text) == (True, False), path
    book = httpx.get(f"{admin_stack.url}/download/fleet/cost.xlsx?month=2026-05", cookies=cookies, timeout=60)
    assert book.content.startswith(b"PK")
    for path in (
        f"/download/customers/{lena.other}/cost.csv",
        f"/download/customers/{lena.other}/logo",
        f"/api/fleet/customers/{lena.other}/detail",
        f"/api/admin/customers/{lena.other}/export",
    ):
        answer = httpx.get(f"{admin_stack.url}{path}", cookies=cookies, timeout=60)
        assert answer.status_code in (403, 404), path
        assert [each for each in lena.secrets if each in answer.text] == [], path
