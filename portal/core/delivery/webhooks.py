"""A POST of JSON to an address of somebody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from portal.core.errors import Undelivered
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 15.0
_HEADERS = {"User-Agent": "energy-portal"}


async def post_webhook(
    url: str, payload: Mapping[str, object], *, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Send a payload. Raises `Undelivered` unless it was answered with 2xx; the address is in no message.

    A redirect is not followed: it would send what is meant for one address to another.
    """
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, headers=_HEADERS, transport=transport) as client:
            answer = await client.post(url, json=dict(payload))
    except httpx.TimeoutException:
        message = noted("The webhook does not answer")
        raise Undelivered(message) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        message = noted("The webhook cannot be reached")
        raise Undelivered(message) from None
    if not answer.is_success:
        message = say("The webhook answered {status_code}", status_code=answer.status_code)
        raise Undelivered(message)
