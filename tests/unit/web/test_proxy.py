"""What proxies say is believed as far as there are proxies, and no further."""

from typing import Any

import pytest

from portal.web.http.proxy import ProxyHops

VISITOR, FORGED = "203.0.113.7", "198.51.100.99"


async def _seen(hops: int, *, kind: str = "http", scheme: str = "http", **headers: str) -> tuple[str, str]:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "scheme": scheme, "client": ("10.0.0.1", 4711), "headers": named}
    await ProxyHops(app, hops)(scope, None, None)  # pyright: ignore[reportArgumentType]
    return seen["client"][0], seen["scheme"]


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, VISITOR, "10.0.0.1"),
        (1, VISITOR, VISITOR),
        (1, f"{FORGED}, {VISITOR}", VISITOR),
        (2, f"{FORGED}, {VISITOR}, 10.0.0.9", VISITOR),
        (2, VISITOR, "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
async def test_a_forged_entry_is_never_the_visitor(hops: int, forwarded: str, address: str) -> None:
    assert (await _seen(hops, x_forwarded_for=forwarded))[0] == address


@pytest.mark.parametrize(
    ("hops", "kind", "given", "scheme"),
    [
        (0, "http", "https", "http"),
        (1, "http", "https", "https"),
        (1, "http", "javascript", "http"),
        (1, "websocket", "https", "wss"),
        (2, "http", "https", "https"),
    ],
)
async def test_the_scheme_is_the_one_outside(hops: int, kind: str, given: str, scheme: str) -> None:
    inside = "ws" if kind == "websocket" else "http"
    assert (await _seen(hops, kind=kind, scheme=inside, x_forwarded_proto=given))[1] == scheme
