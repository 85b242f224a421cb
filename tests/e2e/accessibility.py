"""What axe finds on a page as it stands when nothing on it moves any more."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

# What breathes for ever (a live dot) is never finished, and is not waited for.
_AT_REST = """() => document.getAnimations().every(
  running => running.playState !== 'running' || running.effect?.getComputedTiming().endTime === Infinity)"""


def assert_accessible_and_fits(page: Page) -> None:
    """Fail with axe's report unless it finds nothing, and when the page is wider than the screen.

    Half-faded, a dialog has the contrast of neither state: whatever moves is brought to its end first.
    """
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(_AT_REST)
    found = Axe().run(page)
    page.emulate_media(reduced_motion="null")
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def assert_accessible_and_fits_in_light_and_dark(page: Page) -> None:
    """Look at a page in both colour modes; it follows the device, without being loaded again."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_class(re.compile(rf"\b{scheme}\b"))
        assert_accessible_and_fits(page)
