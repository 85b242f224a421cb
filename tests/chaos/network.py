"""The network between Client and Admin: carries requests, loses them, loses answers, or answers itself."""

import asyncio
import gzip
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_HEAD_END = b"\r\n\r\n"
_MUCH = 40  # rows; more is too large while the Admin answers 413


@dataclass
class Network:
    """`mode` is what happens to requests: open, cut, half, deaf (the answer is lost), 500, 429, 413, 401."""

    port: int
    admin_port: int
    mode: str = "open"
    answered: Counter[str] = field(default_factory=Counter)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port, limit=2**24)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut_now()

    def cut_now(self) -> None:
        """End what is under way."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while self.mode != "cut":
                request = await _message(reader)
                answer = await self._answer(request)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    async def _answer(self, request: bytes) -> bytes | None:
        mode = self.mode
        if mode.isdigit() and (mode != "413" or _row_count(request) > _MUCH):
            self.answered[mode] += 1
            return _refusal(mode)
        if mode == "cut":
            return None
        answer = await self._forward(request[: len(request) // 2] if mode == "half" else request, mode)
        self.answered[mode] += 1
        return None if mode in {"deaf", "half"} else answer

    async def _forward(self, request: bytes, mode: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.admin_port, limit=2**24)
        self._writers.add(writer)
        try:
            writer.write(request)
            if mode == "half":
                await writer.drain()
                return b""
            return await _message(reader)
        finally:
            self._writers.discard(writer)
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(_HEAD_END)
    lines = head.decode("latin-1").lower().split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")]
    return head + (await reader.readexactly(lengths[0]) if lengths else b"")


def _refusal(status: str) -> bytes:
    body = b'{"error": {"code": "made-up", "message": "chaos"}}'
    wait = "Retry-After: 0\r\n" if status == "429" else ""
    head = f"HTTP/1.1 {status} Chaos\r\n{wait}Content-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _HEAD_END + body


def _row_count(request: bytes) -> int:
    body = request.partition(_HEAD_END)[2]
    return len(json.loads(gzip.decompress(body))) if body else 0
