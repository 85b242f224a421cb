"""A meter is exchanged: the event waits with its picture, Alice decides, Bob only looks, the Admin sees both."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.accessibility import assert_accessible_and_fits_in_light_and_dark
from tests.e2e.conftest import ALICE, BOB, OLGA, Visitor
from tests.e2e.running import RunningStack

Visit = Callable[..., Visitor]
_PATIENCE_S = 60
_SITE = "Cold store of the exchange"


def _line(first: datetime, kwh: float) -> list[dict[str, object]]:
    return [
        {"time": (first + n * timedelta(minutes=10)).isoformat(), "energyImportedKwh": kwh + n}
        for n in range(36)
    ]


@pytest.fixture(scope="module")
def exchanged(client_stack: RunningStack) -> str:
    """A meter whose register went on from another value two days ago; returns the id of the event."""
    # Times are those of the meter's site, which is in no municipality, not of where the other one is.
    client_stack.command("municipality", "add", "Quality Bay", "--time-zone", "Africa/Johannesburg")
    client_stack.command("site", "add", "Quality works", "--municipality", "Quality Bay")
    client_stack.command("site", "add", _SITE)
    device = client_stack.command("device", "add", "Cold room 2", "--site", _SITE, "--external-id", "EXCH-1")
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    rows = [*_line(start, 127_000.0), *_line(start + timedelta(hours=7), 61_000.0)]
    answer = httpx.post(
        f"{client_stack.url}/api/ingest/measurements",
        json=rows,
        headers={"Authorization": f"Bearer {device['token']}"},
    )
    assert answer.json()["accepted"] == len(rows), answer.text
    return _event(client_stack)


def _event(stack: RunningStack) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        events = stack.command("event", "list")["events"]
        found = [each["deviceName"] for each in events if each["externalId"] == "EXCH-1"]
        if found:
            return found[0]
        assert time.monotonic() < deadline, f"no event\n{stack.log()}"
        time.sleep(0.3)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_bob_sees_what_waits_and_cannot_decide(
    visit: Visit, client_stack: RunningStack, exchanged: str, *, phone: bool
) -> None:
    page = visit(phone=phone).sign_in(client_stack, BOB, "/data-quality")
    expect(page.get_by_role("heading", name=f"Was the meter of {exchanged} exchanged?")).to_be_visible()
    expect(page.get_by_text("As it counts now")).to_be_visible()
    expect(page.get_by_role("heading", name="Coverage,")).to_be_visible()
    expect(page.get_by_role("img", name="Register of Cold room 2").locator("visible=true")).to_have_count(1)
    assert page.get_by_label("Note, kept with the decision").count() == 0
    assert_accessible_and_fits_in_light_and_dark(page)


def test_the_admin_shows_what_waits_at_the_customer(
    visit: Visit, admin_stack: RunningStack, exchanged: str
) -> None:
    _event(admin_stack)
    page = visit().sign_in(admin_stack, OLGA, "/data-quality")
    page.get_by_role("link", name="Meter exchange").first.click()
    expect(page.get_by_role("heading", name=f"Was the meter of {exchanged} exchanged?")).to_be_visible()
    assert page.get_by_label("Note, kept with the decision").count() == 0
    assert_accessible_and_fits_in_light_and_dark(page)


def test_alice_corrects_sees_the_effect_and_undoes_it(
    visit: Visit, client_stack: RunningStack, exchanged: str
) -> None:
    page = visit().sign_in(client_stack, ALICE, "/data-quality")
    expect(page.get_by_role("link", name="Data quality")).to_contain_text("to decide")
    knows_more = page.get_by_role("radio", name="Exchanged, and I know more")
    knows_more.click()  # what is chosen is marked once the server has said what it does
    expect(knows_more).to_be_checked()
    page.get_by_label("Old register, last").fill("127 045.5")
    page.get_by_label("New register, first").fill("60 999.5")
    page.get_by_label("CT ratio, if new").focus()
    decide = page.get_by_role("button", name="Decide: +11.00")
    expect(decide).to_be_visible()
    page.get_by_label("Note, kept with the decision").fill("Job card 4417")
    decide.click()
    expect(page.get_by_text(f"Was the meter of {exchanged} exchanged?")).to_have_count(0)
    page.get_by_role("tab", name="Decided").click()
    row = page.get_by_role("row").filter(has_text="Job card 4417")
    expect(row).to_contain_text(ALICE)
    row.get_by_role("button", name="Undo").click()
    page.get_by_label("Why, kept beside the decision").fill("It was another meter")
    page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="It was another meter")).to_be_visible()
