"""What of a websocket's messages reaches the framework."""

from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx

from portal.auth.guards import public
from portal.web.events.event_gate import EventGate

_SID = "sid-of-the-test"
_STATE = "reflex___state____state"


class GateTestState(rx.State):
    """Stands for any page's state."""

    @rx.event
    @public
    def choose(self, which: str = "") -> None: ...

    def forgotten(self) -> None: ...


_CHOOSE = f"{GateTestState.get_full_name()}.choose"
_ROUTER = {"pathname": "/", "asPath": "/?a=1", "query": {"a": "1", "b": ["2", "3"]}}


class Framework:
    """Notes what it is handed."""

    namespace = "/_event"

    def __init__(self) -> None:
        self.environ = {"QUERY_STRING": "token=0b8b1c52-tab", "asgi.scope": {"client": ("198.51.100.7", 1)}}
        self.is_connected = True
        self.server = SimpleNamespace(
            get_environ=lambda sid, _: self.environ if sid == _SID else None,
            manager=SimpleNamespace(is_connected=lambda *_: self.is_connected),
        )
        self.sid_to_token = {_SID: "0b8b1c52-tab"}
        self.taken: list[Any] = []

    async def trigger_event(self, kind: str, sid: str, *rest: Any) -> None:
        self.taken.append((kind, *rest))

    async def on_event(self, sid: str, data: Any) -> None:
        self.taken.append(data)


@pytest.fixture
def framework() -> Framework:
    return Framework()


@pytest.fixture
def gate(framework: Framework) -> EventGate:
    return EventGate(framework)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "call",
    [
        {"name": _CHOOSE, "payload": {"which": "a"}, "router_data": _ROUTER},
        {"name": _CHOOSE, "payload": {}, "router_data": {}},
        {"name": _CHOOSE},
        {"name": f"{_STATE}.hydrate", "payload": {}, "router_data": _ROUTER},
    ],
)
async def test_what_a_page_sends_goes_on_as_it_is(gate: EventGate, framework: Framework, call: Any) -> None:
    await gate.trigger_event("event", _SID, call)
    assert framework.taken == [call]


@pytest.mark.parametrize(
    "call",
    [
        None,
        "a text",
        [],
        {},
        {"name": 7},
        {"name": "nobody.at_home"},
        {"name": "x" * 10_000},
        {"name": f"{GateTestState.get_full_name()}.forgotten"},
        {"name": _CHOOSE, "payload": "a text"},
        {"name": _CHOOSE, "payload": {"which": "a", "password": "b"}},
        {"name": _CHOOSE, "router_data": "a text"},
        {"name": _CHOOSE, "router_data": {"pathname": {}}},
        {"name": _CHOOSE, "router_data": {"pathname": "/" * 5000}},
        {"name": _CHOOSE, "router_data": {"query": {"a": {}}}},
        {"name": _CHOOSE, "router_data": {"query": {"a": [[]]}}},
        {"name": _CHOOSE, "router_data": {str(n): "" for n in range(100)}},
        {"name": f"{_STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception"},
    ],
)
async def test_nothing_else_does(gate: EventGate, framework: Framework, call: Any) -> None:
    await gate.trigger_event("event", _SID, call)
    assert framework.taken == []


async def test_a_socket_that_has_no_tab_calls_nothing(gate: EventGate, framework: Framework) -> None:
    framework.sid_to_token.clear()
    await gate.trigger_event("event", _SID, {"name": _CHOOSE})
    assert framework.taken == []


async def test_a_client_does_not_open_or_close_a_socket_by_a_message(
    gate: EventGate, framework: Framework
) -> None:
    """It would choose its address and its headers, and be somebody else in the audit trail."""
    forged = {
        "QUERY_STRING": "token=another-tab-of-it",
        "asgi.scope": {"client": ["203.0.113.9", 1], "headers": []},
    }
    for kind in ("connect", "disconnect", "_build_static_router_data", 7, {}):
        await gate.trigger_event(kind, _SID, forged)
    await gate.trigger_event("connect", _SID)
    assert framework.taken == []
    assert gate.address_of(_SID) == "198.51.100.7"


async def test_socket_io_itself_does(gate: EventGate, framework: Framework) -> None:
    await gate.trigger_event("connect", _SID, framework.environ, None)
    framework.is_connected = False
    await gate.trigger_event("disconnect", _SID, "client disconnect")
    assert [kind for kind, *_ in framework.taken] == ["connect", "disconnect"]


@pytest.mark.parametrize("query", ["", "token=", "token=../../..", "token=" + "a" * 65, "token=a%0ab12345"])
async def test_a_tab_has_a_plain_name(gate: EventGate, framework: Framework, query: str) -> None:
    framework.environ["QUERY_STRING"] = query
    assert await gate.trigger_event("connect", _SID, framework.environ, None) is False
    assert framework.taken == []
