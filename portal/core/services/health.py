"""Whether the stack can do its work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portal.core.log import logger

if TYPE_CHECKING:
    from portal.core.stack import Stack

_log = logger("health")
_PATIENCE_SECONDS = 2


async def is_ready(stack: Stack) -> bool:
    """Whether the database answers a query through the pool within two seconds."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), stack.db.transaction() as session:
            await stack.storage.capabilities(session)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        _log.warning("The database does not answer", reason=type(error).__name__)
        return False
    return True
