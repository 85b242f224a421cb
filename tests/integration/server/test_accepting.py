"""Connections that send nothing make room for those that do, and running out of descriptors is no news for long."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog.testing

from portal.server import accepting
from tests.integration.server.conftest import Served

_HELD = b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_the_oldest_that_waits_makes_room(served: Served) -> None:
    served.server.server_state.most = 4
    silent = [await served.connect() for _ in range(12)]
    assert await served.is_well()
    assert await silent[0].rest() == b""
    assert len(served.server.server_state.connections) <= 4


async def test_who_is_being_answered_is_never_let_go_for_another(served: Served) -> None:
    served.server.server_state.most = 4
    asking = [await served.connect(_HELD) for _ in range(3)]
    await served.until(lambda: served.app.waiting == 3)
    for _ in range(12):
        await served.connect(b"GET / HTTP/1.1\r\nHost")
    assert await served.is_well()
    served.app.release.set()
    assert [await wire.answer() for wire in asking] == [b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n0"] * 3


async def test_where_all_are_in_use_the_next_waits_its_turn(served: Served) -> None:
    served.server.server_state.most = 2
    for _ in range(2):
        await served.connect(_HELD)
    await served.until(lambda: served.app.waiting == 2)
    with structlog.testing.capture_logs() as said:
        later = asyncio.create_task(served.is_well())
        await asyncio.sleep(1)
        assert not later.done()
        served.app.release.set()
        assert await later
    assert [entry["reason"] for entry in said if entry["event"] == "Connections have to wait"] == [
        "all are in use"
    ]


class _Out:
    """A listening socket of a process that has no descriptor left."""

    def __init__(self, real: Any) -> None:
        self._real, self.refused = real, 0

    def accept(self) -> Any:
        self.refused += 1
        raise OSError(errno.EMFILE, "Too many open files")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def _out_of_descriptors(served: Served) -> Iterator[_Out]:
    acceptor = served.server.servers[0]
    real = acceptor.socket
    acceptor.socket = out = _Out(real)  # pyright: ignore[reportAttributeAccessIssue]
    yield out
    acceptor.socket = real


async def test_no_descriptor_left_is_said_once_and_asked_for_now_and_then(served: Served) -> None:
    with _out_of_descriptors(served) as out, structlog.testing.capture_logs() as said:
        waiting = asyncio.create_task(served.is_well())
        await asyncio.sleep(1.5)
        assert 2 <= out.refused <= 20
    assert await waiting
    assert [entry["reason"] for entry in said] == ["Too many open files"]


async def test_idle_connections_go_when_descriptors_do(served: Served) -> None:
    silent = [await served.connect() for _ in range(2)]
    await served.until(lambda: len(served.server.server_state.connections) == 2)
    with _out_of_descriptors(served):
        waiting = asyncio.create_task(served.is_well())
        assert [await wire.rest() for wire in silent] == [b"", b""]
    assert await waiting


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(accepting.resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(accepting.resource, "setrlimit", lambda _, limits: asked.append(limits))
    accepting.raise_descriptor_limit()
    assert asked == [(4096, 4096)]


def test_room_is_counted_beside_what_is_open_already(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, least, most in ((256, 40, 96), (64, 8, 8), (1 << 20, 10_000, 10_000)):
        monkeypatch.setattr(accepting.resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert least <= accepting.most_connections() <= most
