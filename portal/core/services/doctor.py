"""What `portal doctor` wants to know of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.core.queries import rollups
from portal.core.storage.choice import judge
from portal.core.storage.layout import LAYOUTS

if TYPE_CHECKING:
    from portal.core.stack import Stack
    from portal.core.storage.engine import Capabilities


@dataclass(frozen=True)
class Examination:
    """The storage engine and how many (meter, hour) wait to be recomputed."""

    capabilities: Capabilities
    hours_to_refresh: int


async def examine(stack: Stack) -> Examination:
    """Look at the database. Raises `Misconfigured` where the settings and what is there do not go together."""
    choice = await judge(stack.settings, stack.db)
    async with stack.db.snapshot() as session:
        capabilities = await stack.storage.capabilities(session)
        waiting = await rollups.count_queued(session, LAYOUTS[stack.settings.run_mode].queue)
    return Examination(replace(capabilities, note=choice.note), waiting)
