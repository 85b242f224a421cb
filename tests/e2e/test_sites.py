"""Sites in a browser: from nothing to a first reading, the tree of meters, rotation with grace, and files."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]


def _post(stack: RunningStack, token: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{stack.url}/api/ingest/measurements", json=body, headers=headers)


def _now(**quantities: float) -> list[dict[str, Any]]:
    return [{"time": datetime.now(UTC).isoformat(), **quantities}]


def _name(what: str) -> str:
    return f"{what} {uuid4().hex[:6]}"


@pytest.fixture(scope="module")
def store(client_stack: RunningStack) -> dict[str, str]:
    """A site with a supply and a cold room below it."""
    site, prefix = _name("Cold store"), uuid4().hex[:6]
    client_stack.command("site", "add", site)
    made = {
        name: client_stack.command("device", "add", name, "--site", site, "--external-id", f"{prefix}-{name}")
        for name in ("Supply", "Room")
    }
    now = datetime.now(UTC)
    for name, kwh in (("Supply", 10.0), ("Room", 4.0)):
        rows = [
            {
                "time": (now - timedelta(minutes=5 * n)).isoformat(),
                "energyImportedKwh": 100 - kwh * n / 2,
                "activePowerKw": kwh,
            }
            for n in range(3)
        ]
        assert _post(client_stack, made[name]["token"], rows).json()["accepted"] == 3
    return {"site": site, **{name: each["id"] for name, each in made.items()}}


def test_a_newcomer_gets_from_nothing_to_the_first_reading(visit: Visit, client_stack: RunningStack) -> None:
    """By the pages alone: a site, a meter, its token; a cut token and a bad row are told, then a reading comes."""
    site, external_id = _name("Depot"), f"depot-{uuid4().hex[:6]}"
    page = visit().sign_in(client_stack, ALICE, "/sites")
    page.get_by_role("link", name="Add meter").first.click()
    page.get_by_label("Name").fill(site)
    page.get_by_role("button", name="Add site and continue").click()
    page.get_by_label("External id").fill(external_id)
    page.get_by_label("Name").fill("Depot main")
    page.get_by_label("Rated power, kW").fill("100")
    page.get_by_role("button", name="Add meter and make its token").click()
    expect(page.get_by_role("heading", name="Waiting for the first reading")).to_be_visible()
    block = json.loads(page.locator("#board-block").inner_text())
    assert block["url"] == f"{client_stack.url}/api/ingest/measurements"
    assert block["device"] == external_id
    expect(page.get_by_text("Nothing has arrived yet.")).to_be_visible()
    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("link", name="Finish later").click()
    expect(page.locator("#board-block")).to_be_visible()
    assert _post(client_stack, block["token"][:-1], _now(activePowerKw=1)).status_code == 401
    expect(page.get_by_text("63 characters came instead of 64")).to_be_visible()
    lamp = page.locator(".ui-lamps li")
    expect(lamp.nth(0)).to_have_class(re.compile("ok"))
    expect(lamp.nth(1)).to_have_class(re.compile("fail"))
    _post(client_stack, block["token"], [{"time": "2026-05-18T08:00:00", "activePowerKw": 1}])
    expect(page.get_by_text("Write +02:00 or Z behind the time")).to_be_visible()
    expect(lamp.nth(1)).to_have_class(re.compile("ok"))
    _post(
        client_stack, block["token"], _now(voltageL1V=231, voltageL2V=230, voltageL3V=232, activePowerKw=18.2)
    )
    expect(page.get_by_role("heading", name="First reading received")).to_be_visible()
    expect(page.get_by_text("231 V on 3 phases, 18.20 kW: plausible for 100.0 kW")).to_be_visible()
    page.get_by_role("link", name="Open the meter").click()
    panel = page.get_by_role("complementary", name="Meter Depot main")
    expect(panel).to_contain_text(f"Ends in {block['token'][-4:]}")
    expect(panel).to_contain_text("18.20 kW")
    assert block["token"] not in page.content()


def test_the_tree_adds_up_the_supply_alone_and_shows_what_is_lost(
    visit: Visit, client_stack: RunningStack, store: dict[str, str]
) -> None:
    page = visit().sign_in(client_stack, ALICE, f"/sites?meter={store['Room']}")
    panel = page.get_by_role("complementary", name="Meter Room")
    panel.get_by_role("button", name="Edit").click()
    page.get_by_label("Stands below").select_option(label="Supply")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(panel).to_contain_text("Sub-meter of Supply")
    section = page.locator("section.ui-card").filter(has_text=store["site"])
    expect(section).to_contain_text("10.00 kW now")
    expect(section.get_by_role("row").filter(has_text="Room")).to_have_attribute("data-depth", "1")
    expect(section.get_by_role("row").filter(has_text="Supply")).to_contain_text("not measured below today")
    page.keyboard.press("Escape")
    page.goto(f"{client_stack.url}/sites")
    section.get_by_role("link", name="Add meter").click()
    page.get_by_role("button", name="Calculated from others").click()
    page.get_by_label("Name").fill("Rest")
    page.get_by_label("External id").fill(f"rest-{uuid4().hex[:6]}")
    page.get_by_label("Supply", exact=True).select_option(label="Add")
    page.get_by_label("Room", exact=True).select_option(label="Subtract")
    page.get_by_role("button", name="Add meter").click()
    rest = page.get_by_role("complementary", name="Meter Rest")
    expect(rest).to_contain_text("Supply less Room")
    expect(rest).to_contain_text("6.00 kW")


def test_a_token_is_rotated_with_grace(
    visit: Visit, client_stack: RunningStack, store: dict[str, str]
) -> None:
    page = visit().sign_in(client_stack, ALICE, f"/sites?meter={store['Supply']}")
    panel = page.get_by_role("complementary", name="Meter Supply")
    panel.get_by_role("button", name="Rotate token").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate token").click()
    token = page.locator("#device-token").inner_text()
    page.get_by_role("button", name="Done").click()
    expect(panel).to_contain_text(f"Ends in {token[-4:]}")
    expect(panel).to_contain_text("Old token valid until")
    assert _post(client_stack, token, _now(activePowerKw=10)).status_code == 200


def test_two_people_who_edit_one_site_do_not_undo_each_other(
    visit: Visit, client_stack: RunningStack
) -> None:
    site = _name("Shared")
    client_stack.command("site", "add", site)
    page = visit().sign_in(client_stack, ALICE, "/sites")
    page.get_by_role("button", name=f"Actions for {site}").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Address").fill("1 Main Road")
    client_stack.execute(f"UPDATE monitoring.sites SET address = 'Elsewhere' WHERE name = '{site}'")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile")
    expect(page.get_by_label("Address")).to_have_value("1 Main Road")


def test_a_meter_that_is_gone_is_said_in_words(visit: Visit, client_stack: RunningStack) -> None:
    site = _name("Gone")
    client_stack.command("site", "add", site)
    made = client_stack.command("device", "add", "Short", "--site", site, "--external-id", _name("gone"))
    page = visit().sign_in(client_stack, ALICE, f"/sites?meter={made['id']}")
    expect(page.get_by_role("complementary", name="Meter Short")).to_be_visible()
    client_stack.execute(f"DELETE FROM monitoring.devices WHERE id = '{made['id']}'")
    expect(page.get_by_role("alert")).to_contain_text("There is no such meter any more")
    page.goto(f"{client_stack.url}/sites?meter=nonsense")
    expect(page.get_by_role("alert")).to_contain_text("There is no such thing any more")


def test_bob_neither_sees_nor_opens_sites(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in(client_stack, BOB)
    expect(page.get_by_role("link", name="Cost")).to_be_visible()
    expect(page.get_by_role("link", name="Sites")).to_have_count(0)
    page.goto(f"{client_stack.url}/sites")
    expect(page).to_have_url(f"{client_stack.url}/")


def _choose_file(page: Page, stack: RunningStack, name: str, content: bytes, folder: Path) -> None:
    file = folder / name
    file.write_bytes(content)
    page.goto(f"{stack.url}/sites/import")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()


def test_a_file_is_looked_at_tried_and_stored(
    visit: Visit, client_stack: RunningStack, store: dict[str, str], tmp_path: Path
) -> None:
    page = visit().sign_in(client_stack, ALICE, "/sites/import")
    rows = "".join(
        f"2026-03-0{day} {hour:02}:00,{100 + 24 * day + hour}\n" for day in (1, 2) for hour in range(24)
    )
    content = f"When,Meter stand\n{rows}2026-03-03 00:00,nothing\n".encode()
    _choose_file(page, client_stack, "march.csv", content, tmp_path)
    expect(page.get_by_role("heading", name="march.csv")).to_be_visible()
    page.get_by_label("Meter", exact=True).select_option(label=f"Supply, {store['site']}")
    page.get_by_label("When", exact=True).select_option("time")
    page.get_by_label("Meter stand", exact=True).select_option("energy_imported_kwh")
    page.get_by_label("Time zone of times without an offset").fill("Africa/Johannesburg")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Nothing is stored yet. This is what would be.")).to_be_visible()
    expect(page.get_by_text("48 readings").first).to_be_visible()
    expect(page.get_by_text("'nothing', which is not a number")).to_be_visible()
    stored = (
        f"FROM monitoring.power_measurements WHERE device_id = '{store['Supply']}' AND time < '2026-04-01'"
    )
    assert client_stack.count(stored) == 0
    page.get_by_role("button", name="Store 48 readings").click()
    expect(page.get_by_text("Not all of the file is stored: 1 row refused")).to_be_visible()
    assert client_stack.count(stored) == 48


def test_a_file_of_the_wrong_kind_is_refused_in_words(
    visit: Visit, client_stack: RunningStack, store: dict[str, str], tmp_path: Path
) -> None:
    page = visit().sign_in(client_stack, ALICE, "/sites/import")
    _choose_file(
        page, client_stack, "photo.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)), tmp_path
    )
    expect(page.get_by_role("alert")).to_contain_text("photo.csv")
    _choose_file(page, client_stack, "empty.csv", b"", tmp_path)
    expect(page.get_by_role("alert")).to_contain_text("The file is empty")
    page.goto(f"{client_stack.url}/sites/import?file={'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("choose it again")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize(
    "path", ["/sites", "/sites?meter={Supply}", "/sites/add", "/sites/add?device={Supply}", "/sites/import"]
)
def test_the_pages_are_accessible_and_fit(
    visit: Visit, client_stack: RunningStack, store: dict[str, str], path: str, *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(client_stack, ALICE, path.format(**store))
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if "meter" in path:
        expect(page.get_by_role("complementary", name="Meter Supply")).to_be_visible()
    assert_accessible_and_fits_in_light_and_dark(page)


def test_long_names_stay_on_a_phone(visit: Visit, client_stack: RunningStack) -> None:
    """Of a municipality among those to choose from, and of a place."""
    municipality, site = _name("Municipality of the long name that goes on and on"), _name("Long")
    client_stack.command("municipality", "add", municipality, "--time-zone", "Africa/Johannesburg")
    client_stack.command("site", "add", site)
    client_stack.execute(f"UPDATE monitoring.sites SET address = repeat('a', 90) WHERE name = '{site}'")
    page = visit(phone=True).sign_in(client_stack, ALICE, "/sites")
    choice = page.get_by_label(f"Municipality of {site}")
    expect(choice.get_by_role("option", name=municipality)).to_have_count(1)
    assert_accessible_and_fits_in_light_and_dark(page)
    client_stack.execute(f"DELETE FROM app.municipalities WHERE name = '{municipality}'")


def test_sites_are_given_their_tariffs_from_the_tariffs_page(
    visit: Visit, client_stack: RunningStack, municipality: str
) -> None:
    site = _name("Assigned")
    client_stack.command("site", "add", site)
    page = visit().sign_in(client_stack, ALICE, "/settings/rates")
    page.get_by_role("button", name=f"Actions for {municipality}").click()
    page.get_by_role("menuitem", name="Sites").click()
    page.get_by_label(site).check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(f"{client_stack.url}/sites")
    section = page.locator("section.ui-card").filter(has_text=site)
    expect(section).to_contain_text(municipality)
