"""Whoever opens a websocket joins a page at once, or is let go."""

import asyncio
from typing import Any

import pytest

from portal.web.http import introduction
from portal.web.http.introduction import Introduction

_JOINING = '40/_event,{"token":"1"}'


class Wire:
    """A websocket as the application sees it: what a peer sends comes out, what is sent to it is kept."""

    def __init__(self, *texts: str) -> None:
        self._coming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.say(
            {"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)
        )

    def say(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            self._coming.put_nowait(message)

    async def receive(self) -> Any:
        return await self._coming.get()

    async def send(self, message: Any) -> None:
        self.sent.append(message)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introduction, "JOIN_SECONDS", 0.2)


@pytest.mark.parametrize("said", [(), ("3",), ("3", "2probe", "41")])
async def test_whoever_joins_nothing_is_let_go_whatever_else_it_says(said: tuple[str, ...]) -> None:
    wire = Wire(*said)
    messages = Introduction(wire.receive, wire.send)
    got = [await messages() for _ in range(len(said) + 2)]
    assert got[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert [message["type"] for message in wire.sent] == ["websocket.close"]


async def test_a_page_may_be_silent_once_it_has_joined() -> None:
    wire = Wire(_JOINING)
    messages = Introduction(wire.receive, wire.send)
    assert [(await messages())["type"] for _ in range(2)] == ["websocket.connect", "websocket.receive"]
    waiting = asyncio.create_task(messages())
    await asyncio.sleep(0.5)
    assert not waiting.done()
    wire.say({"type": "websocket.receive", "text": "3"})
    assert (await waiting)["text"] == "3"
    assert wire.sent == []


@pytest.mark.parametrize("said", ["", "9", "0{}", "b4", "hello", "\u00b2", "-1"])
async def test_what_is_no_packet_ends_the_socket(said: str) -> None:
    wire = Wire(_JOINING, said)
    messages = Introduction(wire.receive, wire.send)
    got = [await messages() for _ in range(3)]
    assert got[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert [message["type"] for message in wire.sent] == ["websocket.close"]
