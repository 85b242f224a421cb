"""How many requests one credential may make, and how many refused credentials one address.

Counted in fixed minutes, in the process or in Redis. A limit never fails a request by failing itself: without an
answer from Redis, the process counts for itself.
"""

from __future__ import annotations

from collections import OrderedDict
from importlib import metadata
from math import ceil
from time import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

from portal.core.errors import Throttled
from portal.core.identity.rules.lockout import origin_of
from portal.core.log import logger
from portal.core.values.tokens import looks_like_token, token_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portal.core.settings import RateLimit

_log = logger("limits")
_PROVEN = 20_000
_REDIS_SECONDS = 0.5


class Throttle:
    """The limits of one process. `customer` and `device` count requests, `claim` those of boards without a token."""

    def __init__(self, settings: RateLimit) -> None:
        self._enabled = settings.enabled
        self._items = {
            "customer": RateLimitItemPerMinute(settings.customer_per_minute),
            "device": RateLimitItemPerMinute(settings.device_per_minute),
            "claim": RateLimitItemPerMinute(settings.device_per_minute),
            "failure": RateLimitItemPerMinute(settings.failures_per_minute),
        }
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _shared(settings.redis_url.get_secret_value())
        self._proven: OrderedDict[str, None] = OrderedDict()

    async def count(self, kind: str, key: str) -> None:
        """Count a request of a known credential. Raises `Throttled` with the seconds until the next is taken."""
        if self._enabled and not await self._hit(kind, key):
            raise Throttled("Too many requests.", await self._seconds_left(kind, key))

    async def admit(self, address: str, credential: str, is_known: Callable[[str], Awaitable[bool]]) -> None:
        """Raise `Throttled` for an unknown credential from an address with too many refused ones.

        `is_known` is asked, by the credential's hash, where the address has used them up and nobody has proven this
        one: what others behind it got wrong closes it to nobody who is known, also after a restart.
        """
        if not self._enabled:
            return
        proof, origin = token_hash(credential), origin_of(address)
        if proof in self._proven or await self._may_fail(origin):
            return
        if looks_like_token(credential) and await is_known(proof):
            return
        message = "Too many refused credentials from this address."
        raise Throttled(message, await self._seconds_left("failure", origin))

    async def note_refused(self, address: str) -> None:
        """Count a refused credential."""
        if self._enabled:
            await self._hit("failure", origin_of(address))

    def note_accepted(self, credential: str) -> None:
        """Remember, by its hash, a credential that was found good."""
        proof = token_hash(credential)
        self._proven[proof] = None
        self._proven.move_to_end(proof)
        if len(self._proven) > _PROVEN:
            self._proven.popitem(last=False)

    async def _hit(self, kind: str, key: str) -> bool:
        if self._shared is not None:
            try:
                return await self._shared.hit(self._items[kind], kind, key)
            except Exception as error:  # noqa: BLE001 - whatever Redis has: the request is not to suffer
                _log.warning("Redis does not count", reason=type(error).__name__)
        return await self._own.hit(self._items[kind], kind, key)

    async def _may_fail(self, address: str) -> bool:
        if self._shared is not None:
            try:
                return await self._shared.test(self._items["failure"], "failure", address)
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("Redis does not count", reason=type(error).__name__)
        return await self._own.test(self._items["failure"], "failure", address)

    async def _seconds_left(self, kind: str, key: str) -> int:
        for limiter in (self._shared, self._own):
            if limiter is None:
                continue
            try:
                stats = await limiter.get_window_stats(self._items[kind], kind, key)
            except Exception:  # noqa: BLE001, S112 - as above
                continue
            if stats.remaining <= 0:
                return max(1, ceil(stats.reset_time - time()))
        return 1


def _shared(url: str) -> FixedWindowRateLimiter | None:
    if not url:
        return None
    storage = RedisStorage(
        f"async+{url}",
        implementation="redispy",
        # Two releases that run side by side during an upgrade do not read what the other wrote.
        key_prefix=f"portal:{metadata.version('energy-portal')}",
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )
    return FixedWindowRateLimiter(storage)
