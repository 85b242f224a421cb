"""Gives each request a name, which every line of the log about it has as `request`.

A sender may bring one (`X-Request-Id`): a Client names each batch of its push, so that its log and the Admin's can be
read side by side. It is answered to whoever brought one, and with every failure of ours; a board pays for each header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from structlog.contextvars import bound_contextvars

from portal.core.exchange.sync import REQUEST_HEADER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY = "portal.request"
# What can stand in a log and a header, and is no token.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_OWN_FAULT = 500


class RequestIds:
    """Names what passes through; within another of its kind it does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request under its name."""
        if scope["type"] != "http" or _KEY in scope:
            await self._app(scope, receive, send)
            return
        brought = Headers(scope=scope).get(REQUEST_HEADER, "")
        is_brought = _NAME.fullmatch(brought) is not None
        name = brought if is_brought else uuid4().hex[:16]

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start" and (is_brought or message["status"] >= _OWN_FAULT):
                MutableHeaders(scope=message)[REQUEST_HEADER] = name
            await send(message)

        with bound_contextvars(request=name):
            await self._app({**scope, _KEY: name}, receive, send_named)
