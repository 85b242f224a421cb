"""Who is behind the reverse proxies in front of this stack.

Headers like X-Forwarded-For can be written by anybody, so they are believed only as far as the operator says how many
proxies there are: each adds one entry at the end, and what stands before those was sent by the visitor.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class ProxyHops:
    """Puts address and scheme of the visitor into the scope; with 0 hops it changes nothing."""

    def __init__(self, app: ASGIApp, hops: int) -> None:
        self._app, self._hops = app, hops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the outermost trusted proxy saw it."""
        if self._hops and scope["type"] in ("http", "websocket"):
            scope = _as_seen_outside(scope, self._hops)
        await self._app(scope, receive, send)


def _as_seen_outside(scope: Scope, hops: int) -> Scope:
    headers = Headers(scope=scope)
    address = _entry(headers.getlist("x-forwarded-for"), hops)
    scheme = _SCHEMES.get(_entry(headers.getlist("x-forwarded-proto"), hops, fallback_to_first=True).lower())
    seen = dict(scope)
    if address:
        seen["client"] = (address, 0)
    if scheme:
        is_socket = scope["type"] == "websocket"
        seen["scheme"] = {"http": "ws", "https": "wss"}[scheme] if is_socket else scheme
    return seen


def _entry(values: list[str], hops: int, *, fallback_to_first: bool = False) -> str:
    """Return the entry the outermost trusted proxy wrote. Many proxies write the scheme over instead of adding it."""
    entries = [entry.strip() for value in values for entry in value.split(",") if entry.strip()]
    if len(entries) >= hops:
        return entries[-hops]
    return entries[0] if entries and fallback_to_first else ""
