"""A tariff typed as a clerk reads it from the price list: a clock, six prices, and what is painted over the week."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits
from tests.e2e.conftest import Visitor
from tests.e2e.running import RunningStack
from tests.e2e.tariff_form import rates_page

Visit = Callable[..., Visitor]
# City of Cape Town, low voltage, 2026/27, as printed: cents without VAT.
_PRICES = {
    "Low season, peak": "362,58",
    "Low season, standard": "233,02",
    "Low season, off-peak": "185,49",
    "High season, peak": "779,70",
    "High season, standard": "244,92",
    "High season, off-peak": "185,49",
}
_MOST_ACTIONS = 20


class Clerk:
    """Does things on a page and counts them: a click, a choice and a box that is filled are one each."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def click(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def fill(self, label: str, text: str) -> None:
        self.actions += 1
        self.page.get_by_label(label, exact=True).fill(text)

    def choose(self, label: str, option: str) -> None:
        self.actions += 1
        self.page.get_by_label(label).select_option(option)


@pytest.fixture(scope="module")
def api_key(client_stack: RunningStack) -> str:
    return client_stack.command("apikey", "add", "grid tests")["key"]


@pytest.fixture(scope="module")
def town(client_stack: RunningStack) -> str:
    client_stack.command("municipality", "add", "Grid Town", "--time-zone", "Africa/Johannesburg")
    return "Grid Town"


def stored(stack: RunningStack, key: str, name: str) -> dict[str, Any]:
    answer = httpx.get(f"{stack.url}/api/rates/tariffs", headers={"Authorization": f"Bearer {key}"})
    [found] = [each for each in answer.json()["tariffs"] if each["name"] == name]
    return found


def hour(page: Page, title: str, season: int = 0) -> Locator:
    return page.get_by_title(title).nth(season)


def test_a_two_season_municipal_tariff_takes_at_most_twenty_actions(
    visit: Visit, client_stack: RunningStack, api_key: str, town: str
) -> None:
    clerk = Clerk(rates_page(visit(), client_stack))
    page = clerk.page
    clerk.click(page.get_by_role("button", name="New tariff").first)
    clerk.choose("Municipality", town)
    clerk.fill("First day", "2026-07-01")
    clerk.fill("Last day (empty: open)", "2027-06-30")
    clerk.fill("Fixed charge a month", "2519,88")
    clerk.click(page.get_by_role("radio", name="Eskom 2025"))
    for label, price in _PRICES.items():
        clerk.fill(label, price)
    clerk.choose("State", "active")
    expect(page.get_by_text("R\u00a04.1697 with VAT")).to_be_visible()
    expect(page.get_by_label("Name of the holiday")).to_have_count(14)
    clerk.click(page.get_by_role("button", name="Save tariff"))
    expect(page.get_by_text("Grid Town 2026/27 is saved.")).to_be_visible()
    assert clerk.actions <= _MOST_ACTIONS, clerk.actions

    found = stored(client_stack, api_key, "Grid Town 2026/27")
    assert (found["effectiveFrom"], found["effectiveTo"], found["isActive"]) == (
        "2026-07-01",
        "2027-06-30",
        True,
    )
    assert (found["fixedMonthlyCharge"], found["vatRate"]) == (2519.88, 0.15)
    rates = {(each["name"], each["ratePerKwh"]) for each in found["periods"]}
    assert rates == {("Peak", 3.6258), ("Standard", 2.3302), ("Off-peak", 1.8549)}
    [high] = found["seasons"]
    assert (high["firstDay"], high["lastDay"]) == ("06-01", "08-31")
    assert {(each["startTime"], each["endTime"]) for each in high["periods"] if each["name"] == "Peak"} == {
        ("06:00", "08:00"),
        ("17:00", "20:00"),
    }
    holidays = {each["date"]: each["dayType"] for each in found["holidays"]}
    assert (holidays["2026-12-25"], holidays["2026-08-10"]) == ("sunday", "saturday")
    card = page.locator(".ui-card").filter(
        has=page.get_by_role("heading", name="Grid Town 2026/27", exact=True)
    )
    expect(card).to_contain_text("In force")


def test_hours_are_painted_over_the_week_and_undone(
    visit: Visit, client_stack: RunningStack, town: str
) -> None:
    page = rates_page(visit(), client_stack)
    page.get_by_role("button", name="New tariff").first.click()
    page.get_by_role("button", name="Off-peak").click()
    hour(page, "Saturday 07:00 to 08:00: standard").hover()
    page.mouse.down()
    hour(page, "Saturday 09:00 to 10:00: standard").hover()
    page.mouse.up()
    line = page.get_by_text("Saturdays 07\u201310: off-peak instead of standard")
    expect(line).to_be_visible()
    expect(hour(page, "Saturday 08:00 to 09:00: off-peak")).to_be_visible()
    page.get_by_role("button", name="Undo this").click()
    expect(line).to_have_count(0)
    page.get_by_label("Season to paint").select_option("high")
    page.get_by_role("button", name="Paint", exact=True).click()
    # In the high season the evening is an hour earlier.
    in_winter = page.get_by_text("Sundays 18\u201319: off-peak instead of standard")
    expect(in_winter).to_be_visible()
    page.get_by_role("button", name="Copy the low season").click()
    expect(in_winter).to_have_count(0)


def test_a_price_in_the_wrong_unit_is_asked_about_before_it_is_in_force(
    visit: Visit, client_stack: RunningStack, api_key: str, town: str
) -> None:
    page = rates_page(visit(), client_stack)
    page.get_by_role("button", name="New tariff").first.click()
    page.get_by_label("Municipality").select_option(town)
    page.get_by_label("Name", exact=True).fill("Asked about")
    for label, price in (_PRICES | {"High season, standard": "2449,2"}).items():
        page.get_by_label(label, exact=True).fill(price)
    page.get_by_label("First day", exact=True).fill("2028-01-01")
    page.get_by_label("State").select_option("active")
    asked = page.get_by_role("status").filter(has_text="24.492 a kWh?")
    expect(asked).to_be_visible()
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("each needs an answer first")).to_be_visible()
    asked.get_by_role("button", name="Use 244.92").click()
    expect(page.get_by_label("High season, standard", exact=True)).to_have_value("244.92")
    expect(asked).to_have_count(0)
    page.get_by_label("Low season, off-peak", exact=True).fill("0")
    free = page.get_by_role("status").filter(has_text="energy then costs nothing")
    expect(free.first).to_be_visible()
    while free.count():
        before = free.count()
        free.first.get_by_role("button", name="It is right").click()
        expect(free).to_have_count(before - 1)
    page.get_by_role("button", name="R/kWh", exact=True).click()
    expect(page.get_by_label("Low season, peak", exact=True)).to_have_value("3.6258")
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Asked about is saved.")).to_be_visible()
    rates = {
        each["name"]: each["ratePerKwh"] for each in stored(client_stack, api_key, "Asked about")["periods"]
    }
    assert rates == {"Peak": 3.6258, "Standard": 2.3302, "Off-peak": 0}


def test_the_grid_outlives_a_reload(visit: Visit, client_stack: RunningStack, town: str) -> None:
    page = rates_page(visit(), client_stack)
    page.get_by_role("button", name="New tariff").first.click()
    page.get_by_role("radio", name="Old Eskom").click()
    page.get_by_label("Low season, peak", exact=True).fill("401,5")
    page.get_by_role("button", name="Paint", exact=True).click()
    line = page.get_by_text("Sundays 18\u201320: off-peak instead of")
    page.get_by_role("button", name="Peak", exact=True).click()
    page.get_by_role("button", name="Paint", exact=True).click()
    painted = page.get_by_text("Sundays 18\u201320: peak instead of off-peak")
    expect(painted).to_be_visible()
    page.wait_for_timeout(500)
    page.reload()
    expect(page.get_by_label("Low season, peak", exact=True)).to_have_value("401,5")
    expect(painted).to_be_visible()
    expect(page.get_by_role("radio", name="Old Eskom")).to_have_attribute("aria-checked", "true")
    expect(line).to_have_count(0)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)], ids=["light desk", "dark phone"])
def test_the_grid_is_accessible_and_fits(
    visit: Visit, client_stack: RunningStack, town: str, *, dark: bool, phone: bool
) -> None:
    page = rates_page(visit(dark=dark, phone=phone), client_stack)
    page.get_by_role("button", name="New tariff").first.click()
    page.get_by_label("High season, standard", exact=True).fill("2449,2")
    expect(page.get_by_role("rowheader", name="Mon")).to_have_count(2)
    assert_accessible_and_fits(page)
