"""Counts HTTP requests by route: a template, or a group of paths, never a path as it was sent."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from fleet_ingest.metrics import Metrics

_KEY = "portal.route"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What is not the API's, by how its paths begin; all else is a page.
_GROUPS = {
    "/assets/": "/assets/{file}",
    "/auth/": "/auth/{action}",
    "/brand": "/brand/{file}",
    "/external/": "/external/{file}",
    "/_": "/_{inner}",
    "/ping": "/ping",
}
_PAGES = "/{page}"
_NO_ANSWER = "none"


def note_route(scope: Scope, template: str) -> None:
    """Say which route answers a request, for its figures; layers in between may have copied the scope."""
    found: dict[str, str] | None = scope.get(_KEY)
    if found is not None:
        found["template"] = template


class HttpFigures:
    """Counts and times what passes through; within another of its kind it does nothing."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and count it."""
        if scope["type"] != "http" or _KEY in scope:
            await self._app(scope, receive, send)
            return
        route: dict[str, str] = {}
        code, began = _NO_ANSWER, monotonic()

        async def send_counted(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = str(message["status"])
            await send(message)

        try:
            await self._app({**scope, _KEY: route}, receive, send_counted)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            template = route.get("template") or _group_of(scope["path"])
            self._metrics.count_request(method, template, code, monotonic() - began)


def _group_of(path: str) -> str:
    return next((template for start, template in _GROUPS.items() if path.startswith(start)), _PAGES)
