"""Boards and firmware in a browser: settings that two people do not overwrite, a release, and how far it has come."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, Visitor
from tests.e2e.running import RunningStack
from tests.firmware.release import BUNDLE, VERSION

Visit = Callable[..., Visitor]


def _says(stack: RunningStack, token: str, word: str) -> dict[str, object]:
    row = {"time": datetime.now(UTC).isoformat(), "activePowerKw": 1.5}
    headers = {"Authorization": f"Bearer {token}", "X-Board": word}
    return httpx.post(f"{stack.url}/api/ingest/measurements", json=[row], headers=headers).json()


@pytest.fixture(scope="module")
def boards(client_stack: RunningStack) -> dict[str, dict[str, str]]:
    """Two boards of a site: one that is well, and one far out in a cellar."""
    site = f"Depot {uuid4().hex[:6]}"
    client_stack.command("site", "add", site)
    made = {
        name: client_stack.command(
            "device", "add", name, "--site", site, "--external-id", f"{name}-{uuid4().hex[:6]}"
        )
        for name in ("Gate", "Cellar")
    }
    _says(client_stack, made["Gate"]["token"], "1.0.0 0 -71")
    _says(client_stack, made["Cellar"]["token"], "1.0.0 0 -107")
    return made


def test_a_board_is_set_up_and_nobody_overwrites_the_other(
    visit: Visit, client_stack: RunningStack, boards: dict[str, dict[str, str]]
) -> None:
    gate = boards["Gate"]
    page = visit().sign_in(client_stack, ALICE, f"/sites?meter={gate['id']}")
    panel = page.get_by_role("complementary", name="Meter Gate")
    expect(panel).to_contain_text("-71 dBm")
    panel.get_by_role("button", name="Board settings").click()
    page.get_by_label("Reads the meter every, seconds").fill("30")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(panel).to_contain_text("The changed settings wait for its next post.")
    assert _says(client_stack, gate["token"], "1.0.0 0 -71")["settings"] == 1
    _says(client_stack, gate["token"], "1.0.0 1 -71")
    expect(panel).to_contain_text("Version 1, taken over")
    panel.get_by_role("button", name="Board settings").click()
    expect(page.get_by_label("Reads the meter every, seconds")).to_have_value("30")
    page.get_by_label("Sends what it has every, seconds").fill("600")
    client_stack.execute(
        f"UPDATE monitoring.boards SET settings_version = 2 WHERE device_id = '{gate['id']}'"
    )
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile")
    expect(page.get_by_label("Sends what it has every, seconds")).to_have_value("600")


def test_a_release_is_added_rolled_out_and_told_how_far_it_came(
    visit: Visit, client_stack: RunningStack, boards: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    bundle, nonsense = tmp_path / "node.bundle", tmp_path / "photo.bundle"
    bundle.write_bytes(BUNDLE)
    nonsense.write_bytes(b"\xff\xd8" * 100)
    page = visit().sign_in(client_stack, ALICE, "/sites/boards")
    page.get_by_label("choose its bundle").set_input_files(nonsense)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("no bundle of firmware")
    page.get_by_label("choose its bundle").set_input_files(bundle)
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text(f"Release {VERSION} is here.")).to_be_visible()
    page.get_by_role("button", name=f"Actions for release {VERSION}").click()
    page.get_by_role("menuitem", name="Roll out").click()
    page.get_by_label("Of a hundred boards, to how many").fill("100")
    page.get_by_role("dialog").get_by_role("button", name="Roll out").click()
    line = page.get_by_role("row").filter(has_text=VERSION).filter(has_text="100 %")
    expect(line).to_be_visible()
    assert _says(client_stack, boards["Gate"]["token"], "1.0.0 2 -71")["update"] == VERSION
    _says(client_stack, boards["Gate"]["token"], f"{VERSION} 2 -71")
    _says(client_stack, boards["Cellar"]["token"], f"1.0.0 0 -107 {VERSION}")
    expect(line.get_by_role("cell").nth(1)).to_have_text("1")
    expect(line.get_by_role("cell").nth(3)).to_have_text("1")
    cellar = page.get_by_role("row").filter(has_text="Cellar")
    expect(cellar).to_contain_text(f"Fell back from {VERSION}")
    cellar.get_by_role("button", name="Actions for the board of Cellar").click()
    page.get_by_role("menuitem", name="Firmware").click()
    page.get_by_label("It is to run").select_option("1.1.0")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"The board of Cellar is to run {VERSION}.")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_page_of_boards_is_accessible_and_fits(
    visit: Visit, client_stack: RunningStack, boards: dict[str, dict[str, str]], *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(client_stack, ALICE, "/sites/boards?problem=Call+this+number")
    expect(page.get_by_role("row").filter(has_text="Cellar")).to_be_visible()
    expect(page.get_by_text("Call this number")).to_have_count(0)
    assert_accessible_and_fits_in_light_and_dark(page)


def test_bob_neither_sees_boards_nor_adds_firmware(visit: Visit, client_stack: RunningStack) -> None:
    page = visit().sign_in(client_stack, BOB, "/sites/boards")
    expect(page).to_have_url(f"{client_stack.url}/")
    sent = page.request.post(
        f"{client_stack.url}/auth/firmware",
        multipart={"bundle": {"name": "x", "mimeType": "application/octet-stream", "buffer": BUNDLE}},
        headers={"Origin": client_stack.url},
    )
    assert sent.status == 403
