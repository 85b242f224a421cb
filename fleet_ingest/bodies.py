"""Request bodies, read once and never further than allowed."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Protocol

from portal.core.errors import Invalid, PortalError, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGIN = b"\x1f\x8b"
# A client that is still sending when the answer is ready sees a broken connection instead of the answer,
# so what follows a refused body is read and dropped, up to a bound.
_MAX_DROPPED_BYTES = 64 * 1024 * 1024
# A board on a poor link needs minutes for a batch, but it keeps sending meanwhile. The product's own server ends
# such bodies first (portal.server); these hold under any other.
IDLE_SECONDS = 30
BODY_SECONDS = 600
# Inflating is work for whoever is asked to: nothing that compresses readings makes them larger than they were, and
# nobody has more pieces to send than readings. What is taken at once keeps other requests waiting 2 ms.
_EXCESS_BYTES = 65_536
_MAX_MEMBERS = 10_000
_SLICE_BYTES = 16_384
_INFLATED_SLICE_BYTES = 262_144


class BodyTooSlow(PortalError):
    """The body did not arrive in time."""

    code = "timeout"


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body, decompressed where it is gzip: by its header, or by its first bytes, which no JSON begins with.

    Raises `TooLarge` as soon as it is known to exceed `max_bytes`, before or after decompression, and
    `Invalid` for another encoding or a damaged stream; `BodyTooSlow` when the sender falls silent or goes on for ever.
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
    sink = _Inflated(max_bytes) if "gzip" in encoding else _Told(max_bytes)
    try:
        async with asyncio.timeout(IDLE_SECONDS) as patience:
            return await _taken_in(request.stream(), sink, patience)
    except TimeoutError:
        message = "The body did not arrive in time."
        raise BodyTooSlow(message) from None


async def _taken_in(chunks: AsyncIterator[bytes], sink: _Sink, patience: asyncio.Timeout) -> bytes:
    now = asyncio.get_running_loop().time
    ends_at = now() + BODY_SECONDS
    refused: PortalError | None = None
    dropped = 0
    async for chunk in chunks:
        patience.reschedule(min(ends_at, now() + IDLE_SECONDS))
        if refused is not None:
            dropped += len(chunk)
            if dropped > _MAX_DROPPED_BYTES:
                break
            continue
        try:
            await sink.feed(chunk)
        except (TooLarge, Invalid) as error:
            refused = error
    if refused is not None:
        raise refused
    return sink.finish()


class _Sink(Protocol):
    """Takes in a body piece by piece."""

    async def feed(self, chunk: bytes) -> None: ...

    def finish(self) -> bytes: ...


class _Told:
    """Takes in a body of which nobody has said whether it is gzip: its first bytes do."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._begin = b""
        self._sink: _Sink | None = None

    async def feed(self, chunk: bytes) -> None:
        if self._sink is None:
            self._begin = chunk = self._begin + chunk
            if len(chunk) < len(_GZIP_BEGIN):
                return
            self._sink = (_Inflated if chunk.startswith(_GZIP_BEGIN) else _Plain)(self._max_bytes)
        await self._sink.feed(chunk)

    def finish(self) -> bytes:
        return self._begin if self._sink is None else self._sink.finish()


class _Plain:
    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0

    async def feed(self, chunk: bytes) -> None:
        self._keep(chunk)

    def finish(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            message = f"The body is larger than {self._max_bytes} bytes."
            raise TooLarge(message)
        self._parts.append(chunk)


class _Inflated(_Plain):
    """Inflates slice by slice, and gives way to other requests after each.

    It asks for one byte more than allowed, so that a bomb never unfolds, and refuses what takes in much more than it
    gives out: thousands of empty members or blocks.
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self._gzip = zlib.decompressobj(_GZIP)
        self._members = 1
        self._taken = 0

    async def feed(self, chunk: bytes) -> None:
        for begin in range(0, len(chunk), _SLICE_BYTES):
            piece = chunk[begin : begin + _SLICE_BYTES]
            self._taken += len(piece)
            while piece:
                piece = self._inflate(piece)
                await asyncio.sleep(0)
            if self._taken - self._size > _EXCESS_BYTES:
                message = "The gzip body holds far less than its size."
                raise Invalid(message)

    def finish(self) -> bytes:
        if not self._gzip.eof:
            message = "The gzip body ends too early."
            raise Invalid(message)
        return super().finish()

    def _inflate(self, piece: bytes) -> bytes:
        """Inflate until a slice is full; return what of the piece is left."""
        room = _INFLATED_SLICE_BYTES
        while piece and room > 0:
            if self._gzip.eof:
                self._begin_member()
            inflated = self._inflated(piece, room)
            room -= len(inflated)
            piece = self._gzip.unconsumed_tail or self._gzip.unused_data
        return piece

    def _inflated(self, piece: bytes, room: int) -> bytes:
        most = min(room, self._max_bytes - self._size + 1)
        try:
            inflated = self._gzip.decompress(piece, most)
        except zlib.error:
            message = "The body is not valid gzip."
            raise Invalid(message) from None
        self._keep(inflated)
        return inflated

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            message = f"The gzip body has more than {_MAX_MEMBERS} members."
            raise Invalid(message)
        self._gzip = zlib.decompressobj(_GZIP)
