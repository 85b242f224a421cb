"""What a client of our own making can put before the framework and into the log, signed in or not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from portal.core.identity.secrets.passwords import MAX_LENGTH
from tests.e2e.running import RunningStack
from tests.integration.databases import TestServer

_NAMESPACE = "/_event"
_STATE = "reflex___state____state"
_BROKEN = f"{_STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception"
_SECRET, _COOKIE = "hunter2-was-typed-here", "portal_session=" + "5e" * 32
_FORGED = "first\n2026-11-30T00:00:00.000000Z [info     ] forged line\u2028another\x1b[31mred\x85\r\x9b1m"
_QUIET_S = 0.6
_BEGINNING = re.compile(r"\d{4}-\d\d-\d\d|  \| ")


@pytest.fixture(scope="module")
def stack(
    database_server: TestServer, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> RunningStack:
    """A Client stack whose log is this module's alone."""
    folder = tmp_path_factory.mktemp("gate")
    dsn = database_server.dsn(asyncio.run(database_server.empty("gate"))).replace("+asyncpg", "")
    settings = {"Database__ConnectionString": dsn, "Storage__DataDirectory": str(folder)}
    running = RunningStack("Client", settings | {"Application__TrustedProxyHops": "1"}, folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@asynccontextmanager
async def _socket(
    stack: RunningStack, address: str = "198.51.100.1", tab: str | None = None
) -> AsyncIterator[socketio.AsyncClient]:
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(
        f"{stack.url}?token={tab or uuid4()}",
        namespaces=[_NAMESPACE],
        socketio_path=_NAMESPACE,
        transports=["websocket"],
        headers={"Cookie": _COOKIE, "X-Forwarded-For": address, "Authorization": f"Bearer {_SECRET}"},
    )
    try:
        yield client
        await asyncio.sleep(_QUIET_S)
    finally:
        await client.disconnect()


class Log:
    """What the stack has written since."""

    def __init__(self, stack: RunningStack) -> None:
        self._file = Path(stack.settings["Storage__DataDirectory"]) / "serve.log"
        self._before = self._file.stat().st_size

    @property
    def text(self) -> str:
        return self._file.read_bytes()[self._before :].decode()

    def lines(self, address: str) -> list[str]:
        return [line for line in self.text.splitlines() if f"address={address}" in line]

    def holds_no_secret(self) -> None:
        text = self.text
        assert [part for part in (_SECRET, _COOKIE[15:], "forged line\n") if part in text] == []
        odd = {character for character in text if not character.isprintable() and character != "\n"}
        assert odd == set()
        assert all(_BEGINNING.match(line) for line in text.splitlines())


async def test_an_event_for_a_handler_that_does_not_exist_leaves_one_line_without_what_came_with_it(
    stack: RunningStack,
) -> None:
    log, address = Log(stack), "198.51.100.11"
    async with _socket(stack, address) as client:
        for name in ("reflex___state____state.log_in", f"{_STATE}.no_such", "x" * 5000):
            call = {"name": name, "payload": {"password": _SECRET}, "router_data": _ROUTER}
            await client.emit("event", call, namespace=_NAMESPACE)
    log.holds_no_secret()
    assert ["unknown handler" in line for line in log.lines(address)] == [True] * 3
    assert len(log.text) < 2000


_ROUTER = {"pathname": "/login", "asPath": "/login", "query": {}}
_ODD = [
    "event that is a text " + _SECRET,
    json.dumps({"name": _SECRET}),
    [_SECRET],
    {"password": _SECRET},
    {"name": [_SECRET], "payload": {}},
    {"name": f"{_STATE}.hydrate", "payload": _SECRET},
    {"name": f"{_STATE}.hydrate", "payload": {_SECRET: 1}, "router_data": _ROUTER},
    {"name": f"{_STATE}.hydrate", "payload": {}, "router_data": {"pathname": {"a": _SECRET}}},
    {"name": f"{_STATE}.hydrate", "payload": {}, "router_data": {"query": {"a": {"b": _SECRET}}}},
    {"name": f"{_STATE}.hydrate", "payload": {}, "router_data": _SECRET},
    {"name": _BROKEN, "payload": {"info": {"a": _SECRET}}},
    {"name": _BROKEN, "payload": _SECRET},
    {
        "name": f"{_STATE}.set_is_hydrated",
        "payload": {"value": {"password": _SECRET}},
        "router_data": _ROUTER,
    },
]


async def test_nothing_a_socket_can_send_brings_what_it_sends_into_the_log(stack: RunningStack) -> None:
    log = Log(stack)
    for number, data in enumerate(_ODD):
        async with _socket(stack, f"198.51.101.{number}") as client:
            await client.emit("event", data, namespace=_NAMESPACE)
            for kind in (
                "message",
                "client_error",
                "disconnect",
                "connect",
                "__class__",
                _FORGED,
                {"a": _SECRET},
            ):
                await client.emit(kind, data, namespace=_NAMESPACE)
    log.holds_no_secret()
    assert len(log.text) < 60_000


async def test_a_report_of_a_browser_is_one_short_line(stack: RunningStack) -> None:
    log, address = Log(stack), "198.51.100.12"
    async with _socket(stack, address) as client:
        payload = {"info": f"  TypeError: token={_SECRET} {_FORGED}", "component_stack": _SECRET}
        await client.emit(
            "event", {"name": _BROKEN, "payload": payload, "router_data": _ROUTER}, namespace=_NAMESPACE
        )
        await client.emit("client_error", {"error_type": _FORGED, "message": _FORGED}, namespace=_NAMESPACE)
    log.holds_no_secret()
    lines = log.lines(address)
    assert len(lines) == 2
    assert all("a page broke in a browser" in line and len(line) < 400 for line in lines)


async def test_reports_are_few_from_one_address_over_many_sockets_and_names(stack: RunningStack) -> None:
    log, address = Log(stack), "2001:db8:7:7::{}"
    for number in range(6):
        async with _socket(stack, address.format(number)) as client:
            for kind in range(3):
                payload = {
                    "info": f"{kind}Error{number}: " + _FORGED * 6000,
                    "component_stack": "x" * 100_000,
                }
                call = {"name": _BROKEN, "payload": payload, "router_data": _ROUTER}
                await client.emit("event", call, namespace=_NAMESPACE)
    assert len(log.text.splitlines()) == 5
    assert len(log.text) < 3000
    async with _socket(stack, "198.51.100.13") as client:
        call = {
            "name": _BROKEN,
            "payload": {"info": "Error: of another", "component_stack": ""},
            "router_data": _ROUTER,
        }
        await client.emit("event", call, namespace=_NAMESPACE)
    assert len(log.lines("198.51.100.13")) == 1
    log.holds_no_secret()


async def test_a_socket_without_a_tab_of_its_own_is_not_opened(stack: RunningStack) -> None:
    log = Log(stack)
    for tab in ("x", "../" * 9, _FORGED):
        with pytest.raises(NotConnected):
            async with _socket(stack, tab=quote(tab)):
                pass
    log.holds_no_secret()


async def test_the_log_in_writes_nothing_of_what_is_typed(stack: RunningStack) -> None:
    log = Log(stack)
    headers = {
        b"User-Agent": b"Browser\xe2\x80\xa8\xc2\x9b",
        b"X-Forwarded-For": b"\xc2\x9b2J, 198.51.100.14",
    }
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        for typed in (_FORGED, _SECRET, "*"):
            data = {"email": typed, "password": _SECRET}
            answer = await http.post(f"{stack.url}/auth/login?next=%0a2026-forged%1b[31m", data=data)
            assert answer.status_code == 303
    log.holds_no_secret()
    assert len(log.lines("198.51.100.14")) == 3


async def test_refused_log_ins_of_one_address_are_few_lines(stack: RunningStack) -> None:
    log, began = Log(stack), monotonic()
    async with httpx.AsyncClient(timeout=60) as http:
        for number in range(45):
            # Longer than any that is hashed: whatever the password, what is written of it is the same.
            data = {"email": f"person{number}@example.com", "password": "x" * (MAX_LENGTH + 1)}
            await http.post(
                f"{stack.url}/auth/login", data=data, headers={"X-Forwarded-For": "198.51.100.15"}
            )
    windows = (
        int((monotonic() - began) // 60) + 2
    )  # that it may have touched: of a minute, with ten lines each
    assert 10 * windows < 45, "it took so long that each of them might have a line"
    assert 5 <= len(log.lines("198.51.100.15")) <= 10 * windows
