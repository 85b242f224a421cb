"""What a visitor sees first on a cold load over a slow line: the brand, and never another one.

Every frame Chromium paints is looked at, from the first that shows anything to the last.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import OLGA, Visitor
from tests.e2e.running import PASSWORD, RunningStack

Visit = Callable[..., Visitor]
_NAME, _COLOUR, _DEFAULT_COLOUR = "Ockerwerke", (184, 134, 11), (31, 95, 214)
_PAGE = {"light": (247, 248, 250), "dark": (16, 17, 20)}
# Frames of a trace are made smaller than this; a page of this size is shown as it is.
_SIZE = {"width": 480, "height": 480}
_SLOW = {"offline": False, "latency": 150, "downloadThroughput": 100_000, "uploadThroughput": 100_000}
_NEAR = 40  # the frames are JPEG
Colour = tuple[int, int, int]


@pytest.fixture(params=["light", "dark"])
def appearance(request: pytest.FixtureRequest, admin_stack: RunningStack) -> Iterator[str]:
    """The Admin's brand starts in one colour mode; every visitor's device is set to the other."""
    columns = "(product_name, primary_color, accent_color, appearance)"
    values = f"('{_NAME}', '#b8860b', '#b8860b', '{request.param}')"
    told = "SELECT pg_notify('portal_brand_changed', '')"
    admin_stack.execute(f"INSERT INTO app.branding {columns} VALUES {values}; {told}")
    yield request.param
    admin_stack.execute(f"DELETE FROM app.branding; {told}")


@pytest.mark.parametrize("path", ["/login", "/"], ids=["log-in", "dashboard"])
def test_the_first_frame_is_in_the_brand_and_no_frame_in_another(
    visit: Visit, browser: Browser, admin_stack: RunningStack, appearance: str, path: str
) -> None:
    visitor = visit(dark=appearance == "light")
    if path == "/":
        visitor.context.request.post(
            f"{admin_stack.url}/auth/login", form={"email": OLGA, "password": PASSWORD}
        )
    frames, page = _painted(browser, visitor, admin_stack.url + path)
    assert len(frames) > 1, "the trace holds no frames: nothing was looked at"
    first, last = frames[0], frames[-1]
    assert _share(first, _PAGE[appearance]) > 0.1, "the first frame is in the other colour mode"
    assert [number for number, frame in enumerate(frames) if _share(frame, _DEFAULT_COLOUR) > 0.0005] == []
    assert _same(first, last, _box_of_the_name(page)), "the first frame shows another name, or none"
    if path == "/login":
        assert _share(first, _shown_colour(page)) > 0.01, "the first frame is not in the brand's colour"


def test_what_a_person_chose_wins_over_the_brand_and_the_brand_over_the_device(
    visit: Visit, admin_stack: RunningStack, appearance: str
) -> None:
    page = visit(dark=appearance == "light").sign_in(admin_stack, OLGA)
    other = "dark" if appearance == "light" else "light"
    _is_shown(page, appearance)
    page.get_by_role("button", name="Switch between light and dark").click()
    _is_shown(page, other)
    page.reload()
    _is_shown(page, other)


def test_open_pages_follow_unless_somebody_chose(
    visit: Visit, admin_stack: RunningStack, appearance: str
) -> None:
    other = "dark" if appearance == "light" else "light"
    follows, chose = visit().tab(), visit().sign_in(admin_stack, OLGA)
    follows.goto(f"{admin_stack.url}/login")
    _is_shown(follows, appearance)
    toggle = chose.get_by_role("button", name="Switch between light and dark")
    toggle.click()
    toggle.click()
    admin_stack.execute(
        f"UPDATE app.branding SET appearance = '{other}'; SELECT pg_notify('portal_brand_changed', '')"
    )
    _is_shown(follows, other)
    _is_shown(chose, appearance)


def _is_shown(page: Page, appearance: str) -> None:
    expect(page.locator(f"html.{appearance}")).to_be_attached()


def _painted(browser: Browser, visitor: Visitor, address: str) -> tuple[list[Image.Image], Page]:
    """Load a page over a slow line and return every frame that shows something, in order."""
    page = visitor.tab()
    page.set_viewport_size(_SIZE)
    line = visitor.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.send("Network.emulateNetworkConditions", _SLOW)
    browser.start_tracing(page=page, screenshots=True)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    shots = [event["args"]["snapshot"] for event in events if event["name"] == "Screenshot"]
    frames = [Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB") for shot in shots]
    return [frame for frame in frames if len(frame.getcolors(frame.width * frame.height) or []) > 1], page


def _share(frame: Image.Image, colour: Colour) -> float:
    """How much of a frame has a colour."""
    counted = frame.getcolors(frame.width * frame.height) or []
    near = sum(
        count for count, (red, green, blue) in counted if _distance((red, green, blue), colour) < _NEAR
    )
    return near / (frame.width * frame.height)


def _distance(one: Colour, other: Colour) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def _same(first: Image.Image, last: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether a part of two frames looks the same, and is not empty."""
    before, after = first.crop(box), last.crop(box)
    pairs = list(zip(before.get_flattened_data(), after.get_flattened_data(), strict=True))
    different = sum(_distance(a, b) > 3 * _NEAR for a, b in pairs)
    return different < 0.03 * len(pairs) and len(set(after.get_flattened_data())) > 5


def _box_of_the_name(page: Page) -> tuple[int, int, int, int]:
    shown = page.locator(".ui-brand-name:visible").first.bounding_box()
    assert shown is not None
    left, top = int(shown["x"]), int(shown["y"])
    return left, top, left + int(shown["width"]), top + int(shown["height"])


def _shown_colour(page: Page) -> Colour:
    """The brand's colour as this colour mode shows it on a button."""
    text = page.get_by_role("button", name="Sign in").evaluate("e => getComputedStyle(e).backgroundColor")
    red, green, blue = (int(part) for part in text.removeprefix("rgb(").removesuffix(")").split(","))
    return red, green, blue
