"""Records what is asked of the database, whoever asks: every statement of the driver in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

_FRAME = {"BEGIN", "COMMIT", "ROLLBACK"}
_PING = ";"  # how the pool looks whether a connection is alive
_RUN_PREPARED = "_PreparedStatement__bind_execute"


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Record the statements that are run until the end of the block, but for beginnings and ends of transactions."""
    statements: list[str] = []
    simple, extended, prepared = (
        Connection.execute,
        Connection._execute,
        getattr(PreparedStatement, _RUN_PREPARED),
    )

    async def run_simple(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if (
            not args and query.strip("; ").split(" ")[0] not in _FRAME
        ):  # with arguments it is run as an extended one
            statements.append(query)
        return await simple(self, query, *args, **kwargs)

    async def run_extended(self: Any, query: str, *args: Any, **kwargs: Any) -> Any:
        if query != _PING:
            statements.append(query)
        return await extended(self, query, *args, **kwargs)

    async def run_prepared(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.get_query() != _PING:
            statements.append(self.get_query())
        return await prepared(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "execute", run_simple)
        patch.setattr(Connection, "_execute", run_extended)
        patch.setattr(PreparedStatement, _RUN_PREPARED, run_prepared)
        yield statements
