"""Request bodies, read once and never further than allowed."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from portal.core.errors import Invalid, PortalError, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_GZIP = 16 + zlib.MAX_WBITS
# A client that is still sending when the answer is ready sees a broken connection instead of the answer,
# so what follows a refused body is read and dropped, up to a bound.
_MAX_DROPPED_BYTES = 64 * 1024 * 1024
# A board on a poor link needs minutes for a batch, but it keeps sending meanwhile.
IDLE_SECONDS = 30
BODY_SECONDS = 600


class TooSlow(PortalError):
    """The body did not arrive in time."""

    code = "timeout"


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body, decompressed where it is gzip.

    Raises `TooLarge` as soon as it is known to exceed `max_bytes`, before or after decompression, and
    `Invalid` for another encoding or a damaged stream; `TooSlow` when the sender falls silent or goes on for ever.
    Memory stays within about twice `max_bytes`.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes + _MAX_DROPPED_BYTES:
        message = f"The body is larger than {max_bytes} bytes."
        raise TooLarge(message)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"gzip", "x-gzip", "identity", ""}:
        message = f"Content-Encoding {encoding!r} is not supported; send gzip or none."
        raise Invalid(message)
    sink = _Inflated(max_bytes) if "gzip" in encoding else _Plain(max_bytes)
    chunks = _in_time(request)
    try:
        async for chunk in chunks:
            sink.feed(chunk)
        return sink.finish()
    except (TooLarge, Invalid):
        dropped = 0
        async for chunk in chunks:
            dropped += len(chunk)
            if dropped > _MAX_DROPPED_BYTES:
                break
        raise


async def _in_time(request: Request) -> AsyncIterator[bytes]:
    chunks = request.stream()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                chunk = await asyncio.wait_for(anext(chunks, None), IDLE_SECONDS)
                if chunk is None:
                    return
                yield chunk
    except TimeoutError:
        message = "The body did not arrive in time."
        raise TooSlow(message) from None


class _Plain:
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            message = f"The body is larger than {self._max_bytes} bytes."
            raise TooLarge(message)
        self._parts.append(chunk)

    def finish(self) -> bytes:
        return b"".join(self._parts)


class _Inflated(_Plain):
    """Inflates piece by piece and asks for one byte more than allowed, so that a bomb never unfolds."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self._gzip = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes) -> None:
        while chunk:
            if self._gzip.eof:  # a further gzip member follows the one that ended
                self._gzip = zlib.decompressobj(_GZIP)
            try:
                inflated = self._gzip.decompress(chunk, self._max_bytes - self._size + 1)
            except zlib.error:
                message = "The body is not valid gzip."
                raise Invalid(message) from None
            super().feed(inflated)
            chunk = self._gzip.unconsumed_tail or self._gzip.unused_data

    def finish(self) -> bytes:
        if not self._gzip.eof:
            message = "The gzip body ends too early."
            raise Invalid(message)
        return super().finish()
