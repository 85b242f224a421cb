"""Settings, Rates, as a tariff clerk uses it: Alice enters, copies, compares and deletes tariffs in a browser."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits
from tests.e2e.conftest import ALICE, BOB, Visitor
from tests.e2e.running import RunningStack
from tests.e2e.tariff_form import new_tariff_in_rows

Visit = Callable[..., Visitor]
_ZONE = "Africa/Johannesburg"
_ALL_COLUMNS = """() => { const tables = [...document.querySelectorAll('.ui-tariff .ui-table-scroll')];
  return tables.length > 0 && tables.every(each => each.scrollWidth <= each.clientWidth); }"""


@pytest.fixture(scope="module")
def api_key(client_stack: RunningStack) -> str:
    return client_stack.command("apikey", "add", "rates tests")["key"]


@pytest.fixture(scope="module")
def priced_municipality(client_stack: RunningStack, api_key: str) -> str:
    """A municipality with an active tariff of 2.50 per kWh, and 10 kWh used at its site last month."""
    name = "Rates Old Town"
    client_stack.command("municipality", "add", name, "--time-zone", _ZONE)
    client_stack.command("site", "add", "Rates mill", "--municipality", name)
    device = client_stack.command("device", "add", "Mill", "--site", "Rates mill", "--external-id", "RATES-1")
    # The last month is that of the place, which begins earlier than in UTC.
    here = datetime.now(ZoneInfo(_ZONE))
    middle = here.replace(day=1, hour=8, minute=0, second=0, microsecond=0) - timedelta(days=10)
    rows = [
        {"time": (middle + timedelta(minutes=30 * n)).isoformat(), "energyImportedKwh": 100 + 5 * n}
        for n in range(3)
    ]
    answer = httpx.post(
        f"{client_stack.url}/api/ingest/measurements",
        json=rows,
        headers={"Authorization": f"Bearer {device['token']}"},
    )
    assert answer.json()["accepted"] == len(rows), answer.text
    tariff = {
        "municipality": name,
        "name": "Old flat",
        "effectiveFrom": "2020-01-01",
        "defaultRatePerKwh": 2.5,
        "fixedMonthlyCharge": 100,
        "vatRate": 0.15,
        "isActive": True,
        "periods": [],
    }
    peak = {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.7512}
    peaks = tariff | {
        "name": "Older peaks",
        "effectiveFrom": "2019-01-01",
        "effectiveTo": "2019-12-31",
        "periods": [peak],
    }
    answer = httpx.post(
        f"{client_stack.url}/api/rates/tariffs", json=[tariff, peaks], headers=_bearer(api_key)
    )
    assert answer.is_success, answer.text
    return name


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _stored(stack: RunningStack, key: str, name: str) -> dict[str, Any]:
    answer = httpx.get(f"{stack.url}/api/rates/tariffs", headers=_bearer(key))
    [found] = [each for each in answer.json()["tariffs"] if each["name"] == name]
    return found


def open_rates(visitor: Visitor, stack: RunningStack) -> Page:
    page = visitor.sign_in(stack, ALICE, "/settings/rates")
    expect(page.get_by_role("button", name="New tariff").first).to_be_visible()
    expect(page.locator("main .ui-skeleton")).to_have_count(0)
    return page


def add_municipality(page: Page, name: str) -> None:
    page.get_by_role("button", name="Add municipality").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(page.get_by_role("region", name="Municipalities")).to_contain_text(name)


def card_of(page: Page, name: str) -> Locator:
    return page.locator(".ui-card").filter(has=page.get_by_role("heading", name=name, exact=True))


def act_on(page: Page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"Actions for {name}", exact=True).click()
    page.get_by_role("menuitem", name=action).click()


def fill_period(page: Page, row: int, name: str, times: tuple[str, str], rate: str) -> None:
    page.get_by_label("Name of the period").nth(row).fill(name)
    page.get_by_label("From", exact=True).nth(row).fill(times[0])
    page.get_by_label("Until", exact=True).nth(row).fill(times[1])
    page.get_by_label("Rate per kWh", exact=True).nth(row).fill(rate)


def choose_days(page: Page, row: int, names: set[str]) -> None:
    for day in page.get_by_role("group", name="Days").nth(row).get_by_role("button").all():
        wanted = "true" if day.get_attribute("aria-label") in names else "false"
        if day.get_attribute("aria-pressed") != wanted:
            day.click()
        expect(day).to_have_attribute("aria-pressed", wanted)


def add_rows(page: Page, button: str, label: str, count: int) -> None:
    rows = page.get_by_label(label)
    before = rows.count()
    for added in range(1, count + 1):
        page.get_by_role("button", name=button).click()
        expect(rows).to_have_count(before + added)


def test_a_clerk_enters_a_tariff_with_periods_a_season_and_holidays(
    visit: Visit, client_stack: RunningStack, api_key: str
) -> None:
    page = open_rates(visit(), client_stack)
    add_municipality(page, "Rates Example City")
    page.get_by_role("button", name="New tariff").first.click()
    expect(page.get_by_label("Municipality")).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    new_tariff_in_rows(page)
    page.get_by_label("Municipality").select_option("Rates Example City")
    page.get_by_label("Name", exact=True).fill("Entered TOU")
    page.get_by_label("First day", exact=True).fill("2026-07-01")
    page.get_by_label("Default rate per kWh").first.fill("2.50")
    page.get_by_label("Fixed charge a month").fill("120")
    add_rows(page, "Add period", "Name of the period", 3)
    fill_period(page, 0, "Peak", ("17:30", "20:00"), "3,75")
    fill_period(page, 1, "Standard", ("06:00", "17:30"), "2.10")
    fill_period(page, 2, "Off-Peak", ("00:00", "00:00"), "1.20")
    choose_days(page, 2, {"Saturday", "Sunday"})
    add_rows(page, "Add season", "Name of the season", 1)
    page.get_by_label("Name of the season").fill("High season")
    page.get_by_label("Default rate per kWh").nth(1).fill("4.10")
    page.get_by_label("State").select_option("active")
    page.get_by_role("button", name="Fill with the country's public holidays").click()
    expect(page.get_by_label("Name of the holiday").first).to_be_visible()
    weeks = page.get_by_role("table").filter(has=page.get_by_role("rowheader", name="Mon"))
    expect(weeks).to_have_count(2)
    expect(
        weeks.first.get_by_title("Monday 17:00 to 18:00: Standard R\u00a02.10, from 17:30 Peak R\u00a03.75")
    ).to_be_visible()
    page.get_by_role("button", name="Save tariff").click()
    expect(page.get_by_text("Entered TOU is saved.")).to_be_visible()
    card = card_of(page, "Entered TOU")
    periods = card.get_by_role("region", name="Periods of Entered TOU")
    expect(periods.get_by_role("row").filter(has_text="Off-Peak")).to_contain_text("-----SS")
    expect(card).to_contain_text("In force")
    stored = _stored(client_stack, api_key, "Entered TOU")
    assert [(each["name"], each["daysOfWeek"], each["ratePerKwh"]) for each in stored["periods"]] == [
        ("Peak", 31, 3.75),
        ("Standard", 31, 2.1),
        ("Off-Peak", 96, 1.2),
    ]
    assert (stored["seasons"][0]["firstDay"], stored["seasons"][0]["lastDay"]) == ("06-01", "08-31")
    assert "2026-12-25" in {each["date"] for each in stored["holidays"]}


def test_all_mistakes_are_said_at_once_and_nothing_typed_is_lost(
    visit: Visit, client_stack: RunningStack, priced_municipality: str
) -> None:
    page = open_rates(visit(), client_stack)
    new_tariff_in_rows(page)
    page.get_by_label("Default rate per kWh").first.fill("two")
    page.get_by_label("VAT, %").fill("150")
    page.get_by_label("Last day (empty: open)").fill("2020-01-01")
    add_rows(page, "Add period", "Name of the period", 2)
    fill_period(page, 0, "Peak", ("17:00", "20:00"), "x")
    fill_period(page, 1, "Evening", ("19:00", "21:00"), "1.5")
    choose_days(page, 1, set())
    said = page.get_by_role("status").filter(has_text="Before it can be saved")
    for line in (
        "Name: it is still empty",
        "Default rate: a number is needed here, like 2.50, not 'two'",
        "VAT: a percentage from 0 to 100 is needed here, like 15, not '150'",
        "Last day: the last day 2020-01-01 is before the first day",
        "Period 1 (Peak), rate: a number is needed here, like 2.50, not 'x'",
        "Period 2 (Evening), days: choose at least one day",
    ):
        expect(said).to_contain_text(line)
    page.get_by_role("button", name="Save tariff").click()
    expect(said).to_contain_text("Period 2 (Evening), days")
    expect(page.get_by_label("Default rate per kWh").first).to_have_value("two")
    choose_days(page, 1, {"Monday"})
    page.get_by_label("Rate per kWh", exact=True).first.fill("1")
    expect(said).to_contain_text("period 'Evening' overlaps period 'Peak' on Monday at 19:00")


def test_a_draft_says_what_last_month_would_have_cost(
    visit: Visit, client_stack: RunningStack, priced_municipality: str
) -> None:
    page = open_rates(visit(), client_stack)
    new_tariff_in_rows(page)
    page.get_by_label("Municipality").select_option(priced_municipality)
    page.get_by_label("Name", exact=True).fill("Twice as dear")
    page.get_by_label("Default rate per kWh").first.fill("5")
    page.get_by_label("State").select_option("draft")
    page.get_by_role("button", name="What would last month have cost?").click()
    said = page.get_by_role("status").filter(has_text="Under this draft")
    expect(said).to_contain_text("10.00 kWh")
    expect(said).to_contain_text(
        "As priced then: R\u00a0143.75 (R\u00a028.75 for energy, R\u00a0115.00 fixed"
    )
    expect(said).to_contain_text("Under this draft: R\u00a057.50, 60\u00a0% less")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Twice as dear")).to_have_count(0)


def test_a_tariff_is_copied_to_the_next_year_with_a_percentage(
    visit: Visit, client_stack: RunningStack, priced_municipality: str, api_key: str
) -> None:
    page = open_rates(visit(), client_stack)
    act_on(page, "Old flat", "Copy to next year")
    percent = page.get_by_label("Raise all rates and charges by, %")
    percent.fill("a lot")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("'a lot' is no percentage")
    percent.fill("10")
    page.get_by_role("button", name="Make the draft").click()
    expect(page.get_by_label("Low season, off-peak")).to_have_value("275.00")
    expect(page.get_by_label("Fixed charge a month")).to_have_value("110.00")
    expect(page.get_by_label("First day", exact=True)).to_have_value("2021-01-01")
    page.get_by_label("Name", exact=True).fill("Next flat")
    page.get_by_role("button", name="Save tariff").click()
    expect(card_of(page, "Next flat")).to_contain_text("Draft")
    assert _stored(client_stack, api_key, "Next flat")["isActive"] is False


def test_published_figures_are_marked_as_not_official(
    visit: Visit, client_stack: RunningStack, priced_municipality: str
) -> None:
    page = open_rates(visit(), client_stack)
    page.get_by_role("button", name="Start from published figures").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Not official")
    expect(dialog.get_by_role("row").nth(1)).to_contain_text(re.compile(r"20\d\d/\d\d"))
    dialog.get_by_label("Municipality, tariff or year").fill("ekurhuleni 2026")
    expect(dialog.get_by_role("row")).to_have_count(2)
    dialog.get_by_label("Municipality, tariff or year").fill("nowhere")
    expect(dialog).to_contain_text("No published figures match")
    dialog.get_by_label("Municipality, tariff or year").fill("")
    dialog.get_by_role("button", name=re.compile("Start from .*LV TOU")).first.click()
    expect(page.get_by_role("status").filter(has_text="not official")).to_contain_text("Source:")
    page.get_by_label("Municipality").select_option(priced_municipality)
    expect(page.get_by_role("rowheader", name="Mon")).to_have_count(2)
    expect(page.get_by_label("High season, peak")).to_have_value(re.compile(r"\d+\.\d\d"))
    expect(page.get_by_label("State")).to_have_value("draft")


def test_deleting_asks_first_and_a_municipality_in_use_stays(
    visit: Visit, client_stack: RunningStack
) -> None:
    page = open_rates(visit(), client_stack)
    add_municipality(page, "Rates Short Lived")
    new_tariff_in_rows(page)
    page.get_by_label("Municipality").select_option("Rates Short Lived")
    page.get_by_label("Name", exact=True).fill("Short lived")
    page.get_by_label("Default rate per kWh").first.fill("1")
    page.get_by_role("button", name="Save tariff").click()
    expect(card_of(page, "Short lived")).to_be_visible()

    act_on(page, "Rates Short Lived", "Delete")
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Delete").click()
    expect(question.get_by_role("alert")).to_contain_text("Sites or tariffs refer to this municipality")
    question.get_by_role("button", name="Cancel").click()

    act_on(page, "Short lived", "Delete")
    expect(question).to_contain_text("Delete Short lived?")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    expect(card_of(page, "Short lived")).to_be_visible()
    act_on(page, "Short lived", "Delete")
    question.get_by_role("button", name="Delete").click()
    expect(card_of(page, "Short lived")).to_have_count(0)

    act_on(page, "Rates Short Lived", "Edit")
    page.get_by_role("dialog").get_by_label("Time zone").fill("Europe/Nowhere")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("no IANA time zone")
    page.get_by_role("dialog").get_by_label("Time zone").fill("Berlin")
    expect(page.get_by_role("dialog")).to_contain_text("Time zone Europe/Berlin")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    row = page.get_by_role("region", name="Municipalities").get_by_role("row")
    expect(row.filter(has_text="Rates Short Lived")).to_contain_text("Europe/Berlin")
    act_on(page, "Rates Short Lived", "Delete")
    question.get_by_role("button", name="Delete").click()
    expect(row.filter(has_text="Rates Short Lived")).to_have_count(0)


def test_who_is_no_admin_is_sent_home(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in(client_stack, BOB, "/settings/rates")
    page.wait_for_url(f"{client_stack.url}/")


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)], ids=["light desk", "dark phone"])
def test_rates_are_accessible_and_fit(
    visit: Visit, client_stack: RunningStack, priced_municipality: str, *, dark: bool, phone: bool
) -> None:
    page = open_rates(visit(dark=dark, phone=phone), client_stack)
    expect(card_of(page, "Old flat")).to_be_visible()
    assert_accessible_and_fits(page)
    # No column of the periods beyond the edge, to be found by who thinks of scrolling sideways.
    assert page.evaluate(_ALL_COLUMNS)
    page.get_by_role("button", name="Start from published figures").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert_accessible_and_fits(page)
    dialog.get_by_role("button", name=re.compile("Start from .*LV TOU")).first.click()
    expect(page.get_by_role("button", name="Save tariff")).to_be_visible()
    page.get_by_label("Municipality").select_option(priced_municipality)
    expect(page.get_by_role("rowheader", name="Mon")).to_have_count(2)
    assert_accessible_and_fits(page)
