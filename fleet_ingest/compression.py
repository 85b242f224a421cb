"""Answers in gzip, for those who ask.

Small answers stay as they are: a board pays for every byte of a header, and what is secret (a token, shown once) is in
small answers, so that no length of a stream tells about it (BREACH).
"""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SMALLEST_BYTES = 1024
_BESIDE_BYTES = 65_536
_LEVEL = 5


def accepts_gzip(header: str) -> bool:
    """Tell whether an `Accept-Encoding` header takes gzip: named itself, or by `*`, with a weight above 0."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = min(map(_weight, parameters), default=1.0)
    return max(weights.get("gzip", weights.get("*", 0.0)), weights.get("x-gzip", 0.0)) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


async def compressed(request: Request, response: Response) -> Response:
    """Return the response, its body in gzip where the request takes that and it is worth it.

    What is sent as it is made is packed already.
    """
    if isinstance(response, StreamingResponse):
        return response
    body = bytes(response.body)
    if len(body) < SMALLEST_BYTES or "content-encoding" in response.headers:
        return response
    response.headers.add_vary_header("Accept-Encoding")
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return response
    # The library lets go of the interpreter while it works: long bodies hold up nobody in a thread of their own.
    squeezed = await asyncio.to_thread(_squeeze, body) if len(body) > _BESIDE_BYTES else _squeeze(body)
    response.body = squeezed
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(squeezed))
    return response


def _squeeze(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)
