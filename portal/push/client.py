"""One batch over HTTP to the Admin: gzip, the three headers, and never an exception for a bad network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import httpx
from isal import igzip

from portal.core.exchange.batches import CURSOR_HEADER, TOKEN_HEADER, TYPE_HEADER, BatchType
from portal.core.exchange.sync import LIBRARY_HEADER, MARK_HEADER, parse_mark
from portal.push.responses import Reply, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from portal.core.settings import FleetIngest

_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=10)
# Per-read limits do not stop a server that drips a byte now and then.
_WHOLE_REQUEST_SECONDS = 120
_MAX_ANSWER_BYTES = 8 * 1024 * 1024
# A fifth of what the standard library takes for as many bytes at its level 3, 2 ms for a batch of 5,000 readings.
_GZIP_LEVEL = 2


class AnswerTooLong(Exception):
    """The answer is longer than any answer of an Admin."""


def compressed(rows: Sequence[bytes]) -> bytes:
    """Return the body of a batch: the JSON array of rows that are JSON already, as gzip."""
    return igzip.compress(b"[" + b",".join(rows) + b"]", _GZIP_LEVEL)


def _in_words(error: Exception) -> str:
    """Say what went wrong; an error of a line that was cut has a name and no text."""
    name, text = type(error).__name__, str(error).strip()
    return f"{name}: {text}" if text else f"the connection broke ({name})"


class PushClient:
    """Sends batches with this stack's token; `transport` replaces the network in tests.

    `library` is what the Admin last said of the tariffs that it offers, None where it has said nothing.
    """

    def __init__(self, fleet: FleetIngest, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.library: str | None = None
        self._url = fleet.url
        self._token = fleet.token.get_secret_value()
        # No redirects: they would carry the token to another server. No trust in the environment:
        # a proxy or a .netrc meant for something else must not see it either.
        self._http = httpx.AsyncClient(
            transport=transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(
        self,
        resource: BatchType,
        body: bytes,
        cursor: datetime,
        metadata: Mapping[str, str] | None = None,
    ) -> Reply | Unreachable:
        """Post one batch, `compressed` already; `cursor` is the highest received or updated instant in it (aware).

        `metadata` are headers an Admin may ignore.
        """
        headers = {**self._headers(resource, cursor), **(metadata or {})}
        return await self._guarded(self._http.build_request, "POST", self._url, content=body, headers=headers)

    async def ask(self, path: str, parameters: Mapping[str, str]) -> Reply | Unreachable:
        """Get what the Admin answers under a path beside the ingest route's."""
        return await self._guarded(
            self._http.build_request,
            "GET",
            urljoin(self._url, path),
            params=dict(parameters),
            headers={TOKEN_HEADER: self._token},
        )

    async def _guarded(
        self, build: Callable[..., httpx.Request], *values: str, **options: Any
    ) -> Reply | Unreachable:
        try:
            async with asyncio.timeout(_WHOLE_REQUEST_SECONDS):
                return await self._exchange(build(*values, **options))
        except TimeoutError:
            return Unreachable(f"no answer within {_WHOLE_REQUEST_SECONDS} seconds")
        except httpx.TimeoutException as error:
            return Unreachable(f"time-out ({type(error).__name__})")
        except (httpx.HTTPError, httpx.InvalidURL, AnswerTooLong) as error:
            return Unreachable(_in_words(error))

    def _headers(self, resource: BatchType, cursor: datetime) -> dict[str, str]:
        return {
            TOKEN_HEADER: self._token,
            TYPE_HEADER: resource.value,
            CURSOR_HEADER: cursor.isoformat(),
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }

    async def _exchange(self, request: httpx.Request) -> Reply:
        response = await self._http.send(request, stream=True)
        try:
            answer = bytearray()
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > _MAX_ANSWER_BYTES:
                    message = f"answer of more than {_MAX_ANSWER_BYTES} bytes"
                    raise AnswerTooLong(message)
            self.library = response.headers.get(LIBRARY_HEADER, self.library)
            mark = parse_mark(response.headers.get(MARK_HEADER))
            return Reply(response.status_code, bytes(answer), response.headers.get("Retry-After"), mark)
        finally:
            await response.aclose()
