"""A tariff that somebody else changes, deletes or saves while a form of it is open."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits
from tests.e2e.conftest import Visitor
from tests.e2e.running import RunningStack
from tests.e2e.tariff_form import begin_tariff, expect_tariff, kept_drafts, name_box, rates_page

Visit = Callable[..., Visitor]
_LOST = "WebSocket"


def _edit_stored(visitor: Visitor, stack: RunningStack, municipality: str, name: str) -> Page:
    """Store a tariff, and open it in the form."""
    page = rates_page(visitor, stack)
    begin_tariff(page, municipality, name)
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
    page.get_by_role("button", name=f"Actions for {name}", exact=True).click()
    page.get_by_role("menuitem", name="Edit").click()
    expect(name_box(page)).to_have_value(name)
    return page


def test_a_tariff_changed_meanwhile_is_said(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    visitor = visit()
    visitor.expect_complaints(_LOST)
    page = _edit_stored(visitor, client_stack, municipality, "Changed meanwhile")
    name_box(page).fill("Changed by me")
    expect(name_box(page)).to_have_value("Changed by me")
    page.wait_for_timeout(500)
    client_stack.execute("UPDATE app.tariffs SET vat_rate = 0.1 WHERE name = 'Changed meanwhile'")
    client_stack.stop()
    client_stack.start()
    expect(page.get_by_text("It has been changed by somebody")).to_be_visible(timeout=30_000)
    expect(name_box(page)).to_have_value("Changed by me")
    client_stack.execute("DELETE FROM app.tariffs WHERE name = 'Changed meanwhile'")
    client_stack.stop()
    client_stack.start()
    expect(page.get_by_text("has been deleted since you began")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Default rate per kWh")).to_have_count(0)
    assert kept_drafts(page) == []


def test_what_somebody_else_has_changed_is_replaced_only_when_that_was_said(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    page = _edit_stored(visit(), client_stack, municipality, "Two clerks")
    page.get_by_label("Fixed charge a month").fill("111")
    for vat in ("0.1", "0.2"):  # the second time it has been changed once more since that was said
        client_stack.execute(f"UPDATE app.tariffs SET vat_rate = {vat} WHERE name = 'Two clerks'")
        page.get_by_role("button", name=re.compile("Save (tariff|all the same)")).click()
        page.wait_for_timeout(500)
        expect(page.get_by_text("It has been changed by somebody since you began")).to_be_visible()
        expect(page.get_by_label("Fixed charge a month")).to_have_value("111")
        stored = (
            f"FROM app.tariffs WHERE name = 'Two clerks' AND vat_rate = {vat} AND fixed_monthly_charge = 0"
        )
        assert client_stack.count(stored) == 1
    expect(page.get_by_role("button", name="Save tariff")).to_have_count(0)
    assert_accessible_and_fits(page)
    page.get_by_role("button", name="Save all the same").click()
    expect(page.get_by_text("Two clerks is saved.")).to_be_visible()
    mine = "FROM app.tariffs WHERE name = 'Two clerks' AND vat_rate = 0.15 AND fixed_monthly_charge = 111"
    assert client_stack.count(mine) == 1


def test_the_stored_tariff_is_opened_and_what_was_typed_given_up(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    page = _edit_stored(visit(), client_stack, municipality, "Theirs wins")
    page.get_by_label("Fixed charge a month").fill("111")
    client_stack.execute("UPDATE app.tariffs SET fixed_monthly_charge = 222 WHERE name = 'Theirs wins'")
    page.get_by_role("button", name="Save tariff").click()
    page.get_by_role("button", name="Open the stored one").click()
    expect(page.get_by_label("Fixed charge a month")).to_have_value("222.00")
    expect(page.get_by_text("It has been changed by somebody")).to_have_count(0)
    assert kept_drafts(page) == []
    page.get_by_label("Fixed charge a month").fill("333")
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Theirs wins is saved.")).to_be_visible()


def test_a_reload_says_what_has_become_of_the_tariff_under_an_open_form(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    """The server goes on, and has the form open as it was left."""
    page = _edit_stored(visit(), client_stack, municipality, "Under the form")
    page.get_by_label("Fixed charge a month").fill("111")
    page.wait_for_timeout(600)
    client_stack.execute("UPDATE app.tariffs SET vat_rate = 0.1 WHERE name = 'Under the form'")
    page.reload()
    expect(page.get_by_text("It has been changed by somebody since you began")).to_be_visible()
    expect(page.get_by_label("Fixed charge a month")).to_have_value("111")
    client_stack.execute("DELETE FROM app.tariffs WHERE name = 'Under the form'")
    for _ in range(2):
        page.reload()
        expect(page.get_by_text("The tariff has been deleted since you began")).to_be_visible()
        expect(page.get_by_label("Fixed charge a month")).to_have_value("111")
    page.get_by_role("button", name="Save as a new tariff").click()
    expect(page.get_by_text("Under the form is saved.")).to_be_visible()
    assert client_stack.count("FROM app.tariffs WHERE name = 'Under the form'") == 1


def test_a_draft_that_comes_after_its_form_was_saved_opens_nothing(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    """The page finds the draft a moment after it has come to life; here that moment is long."""
    page = rates_page(visit(), client_stack)
    begin_tariff(page, municipality, "Saved first")
    page.add_init_script(
        "const soon = setTimeout; setTimeout = (then, ms, ...rest) => soon(then, ms ?? 4000, ...rest);"
    )
    page.reload()
    expect_tariff(page, "Saved first")
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Saved first is saved.")).to_be_visible()
    page.wait_for_timeout(5_000)
    expect(page.get_by_label("Default rate per kWh")).to_have_count(0)
    assert kept_drafts(page) == []
