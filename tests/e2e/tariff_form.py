"""The form of a tariff, filled and looked at, and what a tab keeps of it."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ALICE, Visitor
from tests.e2e.running import RunningStack

RATES = "/settings/rates"


def rates_page(visitor: Visitor, stack: RunningStack) -> Page:
    return shown(visitor.sign_in(stack, ALICE, RATES))


def shown(page: Page) -> Page:
    expect(page.get_by_role("button", name="New tariff").first).to_be_visible()
    expect(page.locator("main .ui-skeleton")).to_have_count(0)
    return page


def new_tariff_in_rows(page: Page) -> None:
    """A new tariff period by period, priced in rand: for what no clock says."""
    page.get_by_role("button", name="New tariff").first.click()
    page.get_by_role("radio", name="Period by period").click()
    expect(page.get_by_role("button", name="Add period")).to_be_visible()
    unit = page.get_by_role("button", name="R/kWh", exact=True)
    unit.click()
    expect(unit).to_have_attribute("aria-pressed", "true")


def begin_tariff(page: Page, municipality: str, name: str) -> None:
    new_tariff_in_rows(page)
    page.get_by_label("Municipality").select_option(municipality)
    name_box(page).fill(name)
    page.get_by_label("Default rate per kWh").first.fill("2.50")
    page.get_by_label("State").select_option("draft")
    page.get_by_role("button", name="Add period").click()
    page.get_by_label("Name of the period").fill("Peak")
    page.get_by_label("Rate per kWh", exact=True).fill("4.25")
    page.get_by_role("group", name="Days").get_by_role("button", name="Saturday").click()
    expect(page.get_by_role("rowheader", name="Mon").first).to_be_visible()


def name_box(page: Page) -> Locator:
    return page.get_by_label("Name", exact=True)


def expect_tariff(page: Page, name: str) -> None:
    expect(name_box(page)).to_have_value(name)
    expect(page.get_by_label("Default rate per kWh").first).to_have_value("2.50")
    expect(page.get_by_label("Name of the period")).to_have_value("Peak")
    expect(page.get_by_label("Rate per kWh", exact=True)).to_have_value("4.25")
    saturday = page.get_by_role("group", name="Days").get_by_role("button", name="Saturday")
    expect(saturday).to_have_attribute("aria-pressed", "true")


def kept_drafts(page: Page) -> list[str]:
    return page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft/'))")
