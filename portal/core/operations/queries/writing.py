"""Whether a database takes changes just now. Nothing is left of the asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# Refused before it is looked at what it would change, which is nothing: on a standby and wherever changes are off.
_CHANGE_NOTHING = "UPDATE app.alembic_version SET version_num = version_num WHERE false"
# Less than a megabyte, and more than what a file happens to have room for.
_TAKE_ROOM = "CREATE TEMPORARY TABLE room_probe ON COMMIT DROP AS SELECT generate_series(1, 20000)"


async def require_writable(session: AsyncSession) -> None:
    """Raise what the server raises where it takes no changes; costs a round trip and writes nothing."""
    await session.execute(text(_CHANGE_NOTHING))


async def require_room(session: AsyncSession) -> None:
    """Raise what the server raises where its disk is full; writes, so only for a server that was full."""
    await session.execute(text(_TAKE_ROOM))
