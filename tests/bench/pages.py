"""What the pages of a Client take in a browser: bytes of scripts, figures, first chart, and a change of range.

    python -m tests.bench.pages [--url http://127.0.0.1:8000] [--email ..] [--password ..] [--rounds 10]

Against a product that runs (`make run`), with an empty cache at each opening. Times are those of the page's own clock,
from the start of the navigation or from the click. `bytes` are as sent, after gzip.
"""

import argparse
import shutil
import statistics
import sys
from collections.abc import Sequence

from playwright.sync_api import BrowserContext, Page, sync_playwright

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PAGES = ("/", "/dashboards", "/cost", "/sites", "/settings")
_RANGES = ("Yesterday", "Last 30 d", "Last month", "This month", "This year", "Last 7 d")
# Notes in the page when it first shows a figure and a chart: whoever looks from outside sees pauses of their own.
_WATCH = """
window.seen = {};
new MutationObserver(() => {
  const note = (name, found) => { if (found && !(name in window.seen)) window.seen[name] = performance.now(); };
  const figure = document.querySelector('.ui-figure-value');
  note('figures', figure && !figure.querySelector('.ui-skeleton') && /[0-9]/.test(figure.textContent));
  note('chart', document.querySelector('.ui-bars svg rect, .ui-plots path'));
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
_SCRIPT_BYTES = """() => performance.getEntriesByType('resource')
  .filter((each) => new URL(each.name).pathname.endsWith('.js')).reduce((sum, each) => sum + each.encodedBodySize, 0)"""
# From the click to the first frame in which the range is the chosen one and its figures are there. On the first of a
# month "This month" is marked as "Today": nothing, then.
_CHANGE = """async (words) => {
  const button = [...document.querySelectorAll('.ui-segment')].find((each) => each.textContent === words);
  const began = performance.now();
  button.click();
  while (button.getAttribute('aria-pressed') !== 'true' || document.querySelector('.ui-busy')) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 10000) return null;
  }
  return performance.now() - began;
}"""


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _worded(times: Sequence[float]) -> str:
    if not times:
        return "     -"
    ordered = sorted(times)
    worst = ordered[-1 - len(ordered) // 20]
    return f"{statistics.median(ordered):5.0f} ms, 95 of 100 {worst:5.0f} ms"


def sign_in(context: BrowserContext, given: argparse.Namespace) -> None:
    """Give a browser the cookie of a session."""
    page = context.new_page()
    page.goto(f"{given.url}/login")
    page.get_by_label("E-mail").fill(given.email)
    page.get_by_label("Password", exact=True).fill(given.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)
    page.close()


def _open_fresh(context: BrowserContext, address: str) -> Page:
    """Return a tab on a page, with nothing of it in the cache."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.add_init_script(_WATCH)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return page


def _measure_opening(context: BrowserContext, url: str, path: str, rounds: int) -> None:
    seen: dict[str, list[float]] = {"figures": [], "chart": []}
    size = 0
    for _ in range(rounds):
        page = _open_fresh(context, url + path)
        page.wait_for_timeout(1_500)
        for name, at in page.evaluate("window.seen").items():
            seen[name].append(at)
        size = page.evaluate(_SCRIPT_BYTES)
        page.close()
    figures, chart = (_worded(seen[name]) for name in ("figures", "chart"))
    say(f"{path:12s} scripts {size / 1000:4.0f} kB, figures {figures}, first chart {chart}")


def _measure_ranges(context: BrowserContext, url: str, rounds: int) -> None:
    page = _open_fresh(context, f"{url}/cost")
    # The first are to warm up.
    for words in [each for each in _RANGES if page.evaluate(_CHANGE, each) is not None]:
        took: list[float] = []
        for _ in range(rounds):
            page.evaluate(_CHANGE, "Today")
            took.append(page.evaluate(_CHANGE, words))
        say(f"/cost        {words:12s} {_worded(took)}")
    page.close()


def main() -> None:
    """Measure each page, then what a change of range takes."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--email", default="admin@example.com")
    arguments.add_argument("--password", default="change-me-please")
    arguments.add_argument("--rounds", type=int, default=10)
    given = arguments.parse_args()
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        context = running.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        sign_in(context, given)
        for path in _PAGES:
            _measure_opening(context, given.url, path, given.rounds)
        _measure_ranges(context, given.url, given.rounds)
        running.close()


if __name__ == "__main__":
    main()
