"""Whether a database that was restored from a dump came through it: one that did not takes readings and loses them.

TimescaleDB restores its tables only between `timescaledb_pre_restore()` and `timescaledb_post_restore()`. Without
the first, chunks are missing and the table has no key, so that a replay is stored twice. Before the second, readings
are stored where no query finds them later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of
from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_ADVICE = "see Backup and restore in docs/operations.md"
_LOOK = """
SELECT coalesce(current_setting('timescaledb.restoring', true), '') = 'on' AS is_restoring,
  to_regclass(:table) IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM pg_index WHERE indrelid = to_regclass(:table) AND indisprimary AND indisvalid) AS has_no_key
"""


class _Restore(NamedTuple):
    is_restoring: bool
    has_no_key: bool


async def require_restored(connection: AsyncConnection, table: str) -> None:
    """Raise `Misconfigured` where the table of readings, if there is one, is left from half a restore."""
    is_restoring, has_no_key = await row_of(connection, _Restore, _LOOK, {"table": table})
    if is_restoring:
        raise Misconfigured(
            "The restore of this database is not finished, and readings stored now would be lost: "
            f"run SELECT timescaledb_post_restore() in it; {_ADVICE}."
        )
    if has_no_key:
        raise Misconfigured(
            f"{table} has no primary key, so readings would be stored twice: the restore of this database "
            f"failed. Restore it into a new one; {_ADVICE}."
        )
