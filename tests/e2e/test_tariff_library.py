"""Olga keeps a tariff once; Alice sees what it changes beside hers, and accepts it with one click."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, OLGA, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_OFFERS = "/settings/rates/library"


@pytest.fixture
def city(client_stack: RunningStack) -> str:
    """A municipality with last year's prices; returns its name."""
    name = f"Harbour {uuid4().hex[:6]}"
    client_stack.command("municipality", "add", name, "--time-zone", "Africa/Johannesburg")
    return name


def _tariff(city: str, year: int, rate: float) -> str:
    fields = (
        f'"municipality": "{city}", "name": "{city} {year}/{year % 100 + 1}", "effectiveFrom": "{year}-07-01", '
        f'"timeZoneId": "Africa/Johannesburg", "defaultRatePerKwh": {rate}, "vatRate": 0.15'
    )
    return f"[{{{fields}}}]"


def _told(client: RunningStack, city: str) -> None:
    """Have the Client push something until an answer has told it; it pushes every second, where there is anything."""
    deadline = time.monotonic() + 90
    while not client.count(f"FROM app.tariff_offers WHERE municipality = '{city}'"):
        assert time.monotonic() < deadline
        client.command("municipality", "add", f"Town {uuid4().hex[:6]}", "--time-zone", "Africa/Johannesburg")
        time.sleep(2)


def test_one_edit_and_one_click(
    visit: Visit, admin_stack: RunningStack, client_stack: RunningStack, city: str
) -> None:
    olga = visit().sign_in(admin_stack, OLGA, "/tariff-library")
    olga.get_by_role("button", name="Paste JSON").click()
    olga.get_by_label("Tariffs", exact=True).fill(_tariff(city, 2026, 2.5))
    olga.get_by_role("button", name="Keep as drafts").click()
    expect(olga.get_by_role("heading", level=1)).to_have_text(f"{city} 2026/27")
    olga.get_by_label("At all other times").fill("2.75")
    olga.get_by_role("button", name="Save", exact=True).click()
    expect(olga.get_by_text("Saved.")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(olga)
    olga.get_by_role("button", name="Publish").click()
    olga.get_by_role("dialog").or_(olga.get_by_role("alertdialog")).get_by_role("button", name="Yes").click()
    expect(olga.get_by_text("Customers with this municipality are told")).to_be_visible()

    _told(client_stack, city)
    assert client_stack.count(f"FROM app.tariffs WHERE name LIKE '{city}%'") == 0
    alice = visit().sign_in(client_stack, ALICE, "/settings/rates")
    alice.get_by_role("link", name="Compare and accept").click()
    expect(alice).to_have_url(re.compile(f"{_OFFERS}$"))
    card = alice.locator("section").filter(has_text=f"{city} 2026/27")
    expect(card).to_contain_text("Default rate")
    expect(card).to_contain_text("2.75")
    card.get_by_role("button", name=f"Accept {city} 2026/27").click()
    expect(card).to_contain_text("Accepted")
    assert client_stack.count(f"FROM app.tariffs WHERE name = '{city} 2026/27' AND is_active") == 1
    assert_accessible_and_fits_in_light_and_dark(alice)
    card.get_by_role("button", name=f"Undo {city} 2026/27").click()
    expect(card.get_by_role("button", name="Accept")).to_be_visible()
    assert client_stack.count(f"FROM app.tariffs WHERE name = '{city} 2026/27'") == 0
