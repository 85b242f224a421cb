"""Makes the pictures of the guides anew, from a demo that runs: `make run` here, `make pictures` in another window."""

import argparse
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

_IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
_WINDOW: ViewportSize = {"width": 1200, "height": 900}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
_PATIENCE_MS = 120_000


def _dashboard(page: Page) -> None:
    page.locator(".ui-bars svg rect").first.wait_for(state="attached")
    page.get_by_text("How this is made").wait_for()


def _dashboards(page: Page) -> None:
    page.locator(".ui-plots path").first.wait_for(state="attached")


def _cost(page: Page) -> None:
    page.locator(".ui-bars svg rect").first.wait_for(state="attached")
    page.get_by_text(re.compile("by now$")).first.wait_for()


def _explained(page: Page) -> None:
    _cost(page)
    page.get_by_role("region", name="Cost per day").get_by_role("button").first.click()
    panel = page.get_by_role("complementary", name="Explanation")
    panel.get_by_role("region", name="Devices on this day").get_by_role("button").first.click()
    panel.get_by_role("region", name="Hours").get_by_role("button").nth(8).click()
    panel.get_by_role("region", name="Rounding").wait_for()


def _sites(page: Page) -> None:
    page.locator("table.ui-tree a").first.click()
    page.locator(".ui-panel h2").wait_for()


def _rates(page: Page) -> None:
    page.locator(".ui-card .ui-tariff").first.wait_for()


def _customer_cost(page: Page) -> None:
    page.locator("table a[href*='/customers/']").first.click()
    page.get_by_role("tab", name="Cost").click()
    page.locator(".ui-bars svg rect").first.wait_for(state="attached")


def _fleet(page: Page) -> None:
    page.get_by_role("region", name="Data debt").or_(
        page.get_by_text("Everything that exists")
    ).first.wait_for()


def _registered(page: Page) -> None:
    page.get_by_role("button", name="Register customer").click()
    page.get_by_role("textbox", name="Code").fill("KAROO")
    page.get_by_role("textbox", name="Name").fill("Karoo Milling")
    page.get_by_text("In compose and in host names").wait_for()


def _customer_events(page: Page) -> None:
    page.locator("table a[href*='/customers/']").first.click()
    page.get_by_role("tab", name="Ingest events").click()
    page.get_by_role("region", name="Batches").wait_for()


def _leaving(page: Page) -> None:
    page.locator("table a[href*='/customers/']").first.click()
    page.wait_for_url(re.compile("/customers/.+"))
    page.goto(f"{page.url.partition('?')[0]}/leave")
    page.get_by_text("Export everything").wait_for()


def _edition(page: Page) -> None:
    """One of the library; where it is empty, the first of the published figures, which stays a draft."""
    page.locator("main .ui-skeleton").first.wait_for(state="detached")
    kept = page.locator("table a[href*='/tariff-library/']")
    if kept.count():
        kept.first.click()
    else:
        page.get_by_role("button", name="Start from published figures").click()
        page.get_by_role("button", name=re.compile("^Start from Cape Town")).first.click()
    page.get_by_role("button", name="Save").wait_for()


def _scope(page: Page) -> None:
    page.get_by_role("table").wait_for()


def _ranked(page: Page) -> None:
    page.locator("main .ui-skeleton").first.wait_for(state="detached")


# By file: the address, what has to be done and be there, and what of the page is shown (nothing: the window).
_CLIENT: dict[str, tuple[str, Callable[[Page], None], str]] = {
    "client-dashboard": ("/", _dashboard, ""),
    "client-dashboards": ("/dashboards", _dashboards, ""),
    "client-cost": ("/cost", _cost, ""),
    "explain": ("/cost", _explained, ""),
    "client-sites": ("/sites", _sites, ""),
    "rates": ("/settings/rates", _rates, ".ui-card:has(.ui-tariff)"),
}
_ADMIN: dict[str, tuple[str, Callable[[Page], None], str]] = {
    "admin-dashboard": ("/", _fleet, ""),
    "admin-register": ("/customers", _registered, "[role=dialog]"),
    "admin-events": ("/customers", _customer_events, ""),
    "admin-leave": ("/customers", _leaving, ""),
    "admin-dashboards": ("/dashboards", _ranked, ""),
    "admin-month": ("/cost", _ranked, ""),
    "admin-edition": ("/tariff-library", _edition, ""),
    "admin-scopes": ("/settings/scopes", _scope, ""),
    "admin-customers": ("/customers", lambda page: page.locator("table").first.wait_for(), ""),
    "admin-cost": ("/customers", _customer_cost, ""),
}


def _sign_in(page: Page, url: str, email: str, password: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)


def _take(page: Page, url: str, name: str, path: str, prepare: Callable[[Page], None], part: str) -> None:
    page.goto(url + path)
    prepare(page)
    page.locator("[aria-busy=true]").first.wait_for(state="detached")
    shown = page.locator(part).first if part else page
    shown.screenshot(path=_IMAGES / f"{name}.png", animations="disabled")
    print(f"docs/images/{name}.png")  # noqa: T201 - a program of its own


def main() -> None:
    """Sign in at both stacks and take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", default="http://127.0.0.1:8000")
    parser.add_argument("--admin", default="http://127.0.0.1:8001")
    parser.add_argument("--email", default="admin@example.com")
    parser.add_argument("--only", default="", help="take one picture, by its name")
    given = parser.parse_args()
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for url, pictures in ((given.client, _CLIENT), (given.admin, _ADMIN)):
            page = running.new_page(
                viewport=_WINDOW, color_scheme="light", reduced_motion="reduce", locale="en-ZA"
            )
            page.set_default_timeout(_PATIENCE_MS)
            wanted = {name: each for name, each in pictures.items() if given.only in ("", name)}
            if wanted:
                _sign_in(page, url, given.email, os.environ.get("DEMO_PASSWORD", "change-me-please"))
            for name, (path, prepare, part) in wanted.items():
                _take(page, url, name, path, prepare, part)
        running.close()


if __name__ == "__main__":
    main()
