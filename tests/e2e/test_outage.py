"""Pages while the database lets nobody in: they say so in words, and come back by themselves."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
from playwright.sync_api import expect
from sqlalchemy.engine import make_url

from tests.e2e.conftest import ALICE, Visitor
from tests.e2e.running import PASSWORD, RunningStack
from tests.integration.databases import TestServer

Visit = Callable[..., Visitor]
_WORDS = "The database does not answer"
# Pages notice with their next beat and come back with the next try; a busy machine has fewer of both.
_PATIENCE = 60_000
_SPLIT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"


@contextmanager
def closed(database_server: TestServer, stack: RunningStack) -> Iterator[None]:
    """Let nobody into a stack's database, and end what is in it."""
    name = make_url(stack.settings["Database__ConnectionString"]).database
    _execute(database_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", _SPLIT.format(name=name))
    try:
        yield
    finally:
        _execute(database_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _execute(database_server: TestServer, *statements: str) -> None:
    # In a thread, because the browser's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, database_server.execute(*statements)).result()


def test_open_and_new_pages_say_so_and_come_back(
    visit: Visit, client_stack: RunningStack, database_server: TestServer
) -> None:
    visitor = visit()
    dashboard = visitor.sign_in(client_stack, ALICE)
    expect(dashboard.get_by_role("heading", name="Dashboard")).to_be_visible()
    costs = visitor.tab()
    costs.goto(f"{client_stack.url}/cost")
    expect(costs.get_by_text("Total").first).to_be_visible()
    with closed(database_server, client_stack):
        expect(dashboard.get_by_text(_WORDS).first).to_be_visible(timeout=_PATIENCE)
        costs.get_by_role("link", name="Settings").first.click()
        expect(costs.get_by_text(_WORDS).first).to_be_visible(timeout=_PATIENCE)
        new = visitor.tab()
        answer = new.goto(client_stack.url)
        assert answer is not None
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        expect(new.get_by_role("heading", name="Not available just now")).to_be_visible(timeout=_PATIENCE)
    expect(dashboard.get_by_text(_WORDS)).to_have_count(0, timeout=_PATIENCE)
    expect(
        costs.get_by_role("heading", name="Settings").or_(costs.get_by_role("heading", name="Account")).first
    ).to_be_visible(timeout=_PATIENCE)
    expect(costs.get_by_text(_WORDS)).to_have_count(0, timeout=_PATIENCE)
    expect(new.get_by_role("heading", name="Dashboard")).to_be_visible(timeout=_PATIENCE)
    visitor.complaints = [each for each in visitor.complaints if "503" not in each]


def test_a_log_in_and_a_download_are_answered_in_words(
    visit: Visit, client_stack: RunningStack, database_server: TestServer
) -> None:
    visitor = visit()
    page = visitor.sign_in(client_stack, ALICE)
    session = {cookie["name"]: cookie["value"] for cookie in visitor.context.cookies()}
    form = {"email": ALICE, "password": PASSWORD}
    with closed(database_server, client_stack):
        login = httpx.post(f"{client_stack.url}/auth/login", data=form, headers={"Accept": "text/html"})
        file = httpx.get(f"{client_stack.url}/download/cost.csv", cookies=session)
    for answer in (login, file):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert _WORDS in answer.text
    assert "look before you send it again" in login.text
    expect(page.get_by_text(_WORDS)).to_have_count(0, timeout=_PATIENCE)
    assert "Traceback" not in client_stack.log(), client_stack.log()
    visitor.complaints.clear()
