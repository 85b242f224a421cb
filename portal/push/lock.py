"""One push per stack, however many processes run: two advisory locks on a connection of their own.

The leader's lock is held as long as a process pushes in a loop; the server gives it up with the
connection, so a killed leader is replaced at once. The turn lock is held for one tick only, by the loop
and by `portal push once` alike. Were both ever lost in the middle of a tick (a cut connection), two
ticks would send the same rows, which the Admin takes once.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from portal.core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    import asyncpg

    from portal.core.database.db import Database

_LEADER_KEY = 7_301_101
_TURN_KEY = 7_301_102
_ANSWER_SECONDS = 10
_RETRY_SECONDS = 0.2
_KEEP_ALIVE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"


class PushLock:
    """The connection that holds the locks; closing it gives them up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await asyncio.wait_for(self._database.dedicated(), _ANSWER_SECONDS)
        # A host that vanishes says no goodbye: the server asks for it, and gives its locks up within half a minute.
        await self._connection.execute(_KEEP_ALIVE, timeout=_ANSWER_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            # Not close(): it waits for a server that may not answer, and a stack must stop within a second.
            self._connection.terminate()

    async def try_to_lead(self) -> bool:
        """Take the leader's lock unless another process has it; it is kept until the connection ends."""
        return await self._try(_LEADER_KEY)

    async def check(self) -> None:
        """Raise when the connection, and with it every lock, is gone."""
        await self._ask("SELECT 1")

    @asynccontextmanager
    async def turn(self, patience_seconds: float) -> AsyncIterator[None]:
        """Hold the turn for one tick. Raises `Conflict` when another tick goes on for longer than the patience."""
        waited = 0.0
        while not await self._try(_TURN_KEY):
            if waited >= patience_seconds:
                message = "Another push is under way; try again when it is through."
                raise Conflict(message)
            await asyncio.sleep(_RETRY_SECONDS)
            waited += _RETRY_SECONDS
        try:
            yield
        finally:
            with suppress(Exception):  # a connection that is gone has given the lock up already
                await self._ask("SELECT pg_advisory_unlock($1)", _TURN_KEY)

    async def _try(self, key: int) -> bool:
        return bool(await self._ask("SELECT pg_try_advisory_lock($1)", key))

    async def _ask(self, statement: str, *arguments: int) -> object:
        if self._connection is None:
            message = "the lock's connection is not open"
            raise RuntimeError(message)
        return await self._connection.fetchval(statement, *arguments, timeout=_ANSWER_SECONDS)
