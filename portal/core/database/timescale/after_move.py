"""Makes the aggregates, once all readings of an earlier release have been moved, and has them show the hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.plain.schema import create_rollups
from portal.core.database.rows import is_so
from portal.core.database.timescale import kept_hours
from portal.core.database.timescale.convert import lock_shape
from portal.core.database.timescale.schema import complete, ensure_aggregates
from portal.core.database.timescale.windows import refresh_noted
from portal.core.errors import Unavailable

if TYPE_CHECKING:
    from portal.core.database.db import Database
    from portal.core.database.layout import Layout

_WAIT = "SELECT EXISTS (SELECT 1 FROM {rollup_windows})"
# A refresh that is under way may take its time.
_ALONE = "LOCK TABLE {refresh_lock} IN EXCLUSIVE MODE"
# Readers wait behind whoever waits for them, and where each has what the other needs one of them fails after a second:
# it is never to be the reader.
_NOT_FOR_LONG = "SET LOCAL lock_timeout = '250ms'"


async def finish_move(db: Database, layout: Layout) -> None:
    """Go over to the aggregates where hours are still kept as on plain PostgreSQL; nothing where they are not.

    Each step is a transaction of its own, and what is shown is right between any two of them. Raises `Unavailable`
    where an aggregate is busy, or somebody reads what is shown: then it is to be tried again.
    """
    async with db.transaction() as session:
        await lock_shape(session)
        if not await kept_hours.are_kept(session, layout) or await kept_hours.is_any_wide(session, layout):
            return
        await session.execute(text(_NOT_FOR_LONG))
        await ensure_aggregates(session, layout)
        await create_rollups(session, layout)
    await refresh_noted(db, layout)
    async with db.transaction() as session:
        await lock_shape(session)
        if await is_so(session, layout.sql(_WAIT)):
            raise Unavailable("The aggregates of hours are busy just now.")
        for statement in (_ALONE, _NOT_FOR_LONG):
            await session.execute(text(layout.sql(statement)))
        await kept_hours.let_go(session, layout)
        await complete(session, layout)
    await refresh_noted(db, layout)
