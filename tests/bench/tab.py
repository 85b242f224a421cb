"""An open tab without a browser: what a page's socket is asked and answers, and how long that takes the server."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import socketio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_NAMESPACE: Final = "/_event"
_ROOT: Final = "reflex___state____state"
_QUIET_SECONDS = 2.5


@dataclass
class Tab:
    """A socket of a page. An event is over when nothing has come for a while; what counts is when the last came."""

    client: socketio.AsyncClient
    came: list[tuple[float, int]] = field(default_factory=list)

    async def open(self, address: str, route: Mapping[str, str] | None = None) -> tuple[float, int]:
        """Open a page with its own figures; return seconds until the last of them came, and their bytes.

        `route` are the parameters in the path of the address, such as a customer's id.
        """
        return await self.call(f"{_ROOT}.hydrate_and_load", {}, address, route)

    async def call(
        self, name: str, payload: Mapping[str, Any], address: str, route: Mapping[str, str] | None = None
    ) -> tuple[float, int]:
        """Call a handler as the page of an address does; return seconds until its last answer, and the bytes of all."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query)) | dict(route or {})
        router = {"pathname": parts.path, "asPath": address, "query": query}
        self.came.clear()
        began = time.perf_counter()
        call = {"name": name, "payload": dict(payload), "router_data": router}
        await self.client.emit("event", call, namespace=_NAMESPACE)
        while not self.came or time.perf_counter() - self.came[-1][0] < _QUIET_SECONDS:  # noqa: ASYNC110 - a poll
            await asyncio.sleep(0.02)
        return self.came[-1][0] - began, sum(size for _, size in self.came)


@asynccontextmanager
async def opened(url: str, session: str) -> AsyncIterator[Tab]:
    """Open a socket as somebody who is signed in by the session's cookie."""
    logging.getLogger("engineio.client").setLevel(logging.ERROR)  # it warns of the end of each socket
    client = socketio.AsyncClient(reconnection=False)
    tab = Tab(client)

    def take(update: Any = None) -> None:
        tab.came.append((time.perf_counter(), len(json.dumps(update))))

    client.on("event", take, namespace=_NAMESPACE)
    await client.connect(
        f"{url}?token={uuid4()}",
        namespaces=[_NAMESPACE],
        socketio_path=_NAMESPACE,
        transports=["websocket"],
        headers={"Cookie": f"portal_session={session}"},
    )
    try:
        yield tab
    finally:
        await client.disconnect()
