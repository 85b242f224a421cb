"""One production build, one PostgreSQL and both stacks per run; a browser per module, a clean context per test.

The stacks are shared: a test makes its own sites, customers and people, and leaves alone what it finds.
The browser is Playwright's synchronous one and lives no longer than a module, because its event loop would
be in the way of the asynchronous tests of other directories.
"""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from portal import frontend
from portal.core.settings import RunMode
from tests.e2e.running import PASSWORD, RunningStack
from tests.integration.databases import TestServer

# The first shows no window and needs a third of the processor time; elsewhere the whole browser serves.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # A quarter less work for a page: painted without a graphics card's stand-in, scripts compiled when they are called.
    "--disable-gpu-compositing",
    "--disable-software-rasterizer",
    "--num-raster-threads=1",
    "--js-flags=--max-lazy",
]
_PHONE, _DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
_RESULTS = Path(__file__).resolve().parents[2] / "test-results"
# Live pages follow within seconds; a loaded machine takes its time. Nothing waits longer than it has to.
_PATIENCE_MS = 30_000
# What Chromium says when a page is left while it still connects: a quick typist's login, not a fault.
_LEFT_EARLY = "WebSocket is closed before the connection is established"
_FAILED = pytest.StashKey[bool]()
_Result = TypeVar("_Result")

PERSONAS = ALICE, BOB, OLGA = "alice@example.com", "bob@example.com", "olga@example.com"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def built_pages() -> None:
    for mode in RunMode:
        frontend.build(mode)


@pytest.fixture(scope="session")
def admin_stack(
    database_server: TestServer, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The company's stack; Olga is its operator."""
    with _served(
        "Admin", database_server, tmp_path_factory, {"Application__Name": "Northwind Operations"}
    ) as stack:
        stack.add_user(OLGA, "admin")
        yield stack


@pytest.fixture(scope="session")
def client_stack(
    database_server: TestServer, admin_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """Customer ACME's stack, pushing to the Admin every second; Alice is its admin and Bob one of its users."""
    token = admin_stack.command("customer", "add", "ACME", "Acme Cold Storage")["token"]
    pushing = {
        "Application__Name": "Acme Energy & Co",
        "FleetIngest__Enabled": "true",
        "FleetIngest__Url": f"{admin_stack.url}/api/fleet/ingest",
        "FleetIngest__Token": token,
        "FleetIngest__IntervalSeconds": "1",
    }
    with _served("Client", database_server, tmp_path_factory, pushing) as stack:
        stack.add_user(ALICE, "admin")
        stack.add_user(BOB, "user")
        yield stack


@pytest.fixture(scope="module")
def municipality(client_stack: RunningStack) -> str:
    """A municipality of the Client's without a tariff; returns its name."""
    name = f"Drafts {uuid4().hex[:6]}"
    client_stack.command("municipality", "add", name, "--time-zone", "Africa/Johannesburg")
    return name


@pytest.fixture(scope="module")
def browser(client_stack: RunningStack, admin_stack: RunningStack) -> Iterator[Browser]:
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail(
            "No Chromium for the end-to-end tests. On Debian: apt-get install chromium-headless-shell (or chromium)",
            pytrace=False,
        )
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield running
        running.close()


class Visitor:
    """Somebody at a browser of their own: tabs share one session, and what the browser complains about is kept."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        self._expected: list[str] = []
        context.set_default_timeout(_PATIENCE_MS)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def tab(self) -> Page:
        return self.context.new_page()

    def sign_in(self, stack: RunningStack, email: str, path: str = "/") -> Page:
        """Return a tab on a page, signed in by what the login page posts (`sign_in_by_hand` goes by the page)."""
        session = stack.kept_session(email) if email in PERSONAS else stack.new_session(email)
        self.context.add_cookies([{"name": "portal_session", "value": session, "url": stack.url}])
        page = self.tab()
        page.goto(f"{stack.url}{path}")
        return page

    def sign_in_by_hand(self, url: str, email: str) -> Page:
        """Sign in by the login page and return the tab; it is on the page after it."""
        page = self.tab()
        page.goto(f"{url}/login")
        submit_login(page, email, PASSWORD)
        page.wait_for_url(lambda address: "/login" not in address)
        return page

    def forgive(self, part: str) -> None:
        """Drop the complaints a test brought about on purpose; one at least must be there."""
        rest = [complaint for complaint in self.complaints if part not in complaint]
        assert len(rest) < len(self.complaints), f"nothing complained about {part!r}: {self.complaints}"
        self.complaints = rest

    def expect_complaints(self, part: str) -> None:
        """Let the browser complain about what a test brings about on purpose from now on, as often as it likes."""
        self._expected.append(part)

    def _note(self, message: ConsoleMessage) -> None:
        is_expected = any(part in message.text for part in (_LEFT_EARLY, *self._expected))
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"{message.type}: {message.text}")


def submit_login(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visitor]]:
    """`visit()` opens a browser of its own: `visit(dark=True, phone=True)`. What it complains about fails the test."""
    visitors: list[Visitor] = []

    def open_one(*, dark: bool = False, phone: bool = False, **options: object) -> Visitor:
        context = browser.new_context(
            viewport=_PHONE if phone else _DESK,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
            **options,
        )
        visitors.append(Visitor(context))
        return visitors[-1]

    yield open_one
    if request.node.stash.get(_FAILED, False):
        _keep_pictures(request.node.name, visitors)
    for visitor in visitors:
        visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def _keep_pictures(name: str, visitors: list[Visitor]) -> None:
    _RESULTS.mkdir(exist_ok=True)
    tabs = [tab for visitor in visitors for tab in visitor.context.pages]
    for number, tab in enumerate(tabs):
        with suppress(Exception):  # the picture of a closed tab is not worth hiding the failure
            tab.screenshot(path=_RESULTS / f"{name}-{number}.png", full_page=True)


@pytest.fixture(scope="session")
def narrow_stack(
    database_server: TestServer, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """A customer's stack that may have 256 files open and no more, pushing nowhere."""
    with _served("Client", database_server, tmp_path_factory, {}, name="narrow", open_files=256) as stack:
        yield stack


class LimitedPerson(NamedTuple):
    """Lena's session, her customer, another one, and what says that something of the other came through."""

    session: str
    own: str
    own_code: str
    own_name: str
    other: str
    other_code: str
    secrets: tuple[str, ...]


@pytest.fixture(scope="session")
def lena(admin_stack: RunningStack) -> LimitedPerson:
    """An operator who is limited to one of two customers, which have a site and a meter each."""
    own = ("lena-own", "Lagoon Bakery", "Oven hall", "OWN-METER")
    other = ("lena-other", "Zanzibar Secret Spices", "Vault of spices", "SECRET-METER")
    own_id, other_id = [_customer_with_meter(admin_stack, *each) for each in (own, other)]
    admin_stack.add_user("lena@example.com", "user")
    admin_stack.command("user", "scope", "lena@example.com", "--customer", own[0])
    session = admin_stack.new_session("lena@example.com")
    return LimitedPerson(session, own_id, own[0], own[1], other_id, other[0], other)


def _customer_with_meter(admin: RunningStack, code: str, name: str, site: str, meter: str) -> str:
    made = admin.command("customer", "add", code, name)
    backlog = "waiting=9; refused=0; given-up=3; oldest=2026-05-18T00:00:00Z; drain=60"
    headers = {"X-Customer-Token": made["token"], "X-Push-Backlog": backlog}
    site_id = str(uuid4())
    device = {"id": str(uuid4()), "siteId": site_id, "name": meter, "externalId": meter}
    for kind, row in (("sites", {"id": site_id, "name": site}), ("devices", device)):
        sent = headers | {"X-Batch-Type": kind}
        answer = httpx.post(f"{admin.url}/api/fleet/ingest", json=[row], headers=sent, timeout=60)
        assert answer.json()["accepted"] == 1
    return made["id"]


@pytest.fixture
def serve_client(
    database_server: TestServer, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[dict[str, str]], RunningStack]]:
    """`serve_client(settings)` starts another customer's stack, which ends with the test."""
    with ExitStack() as running:

        def serve(settings: dict[str, str]) -> RunningStack:
            name = f"other_{uuid4().hex[:8]}"
            return running.enter_context(
                _served("Client", database_server, tmp_path_factory, settings, name=name)
            )

        yield serve


@contextmanager
def _served(
    mode: str,
    server: TestServer,
    folders: pytest.TempPathFactory,
    settings: dict[str, str],
    *,
    name: str = "",
    open_files: int | None = None,
) -> Iterator[RunningStack]:
    database = _awaited(server.empty(f"e2e_{name or mode.lower()}"))
    folder = folders.mktemp(mode.lower())
    own = {
        "Database__ConnectionString": server.dsn(database).replace("+asyncpg", ""),
        "Storage__DataDirectory": str(folder),
        "Grafana__Url": "/grafana",
    }
    stack = RunningStack(mode, own | settings, folder, open_files=open_files)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        _awaited(server.drop(database))


def _awaited(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run it in a thread, because a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
