"""Whether the stack can do its work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.log import logger
from portal.core.queries import energy_proofs, rollups
from portal.core.storage.layout import LAYOUTS

if TYPE_CHECKING:
    from portal.core.queries.energy_proofs import EnergyProof
    from portal.core.stack import Stack

_log = logger("health")
_PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class Standing:
    """How many hours of meters wait to be recomputed, and the last energy proof; None before the first."""

    hours_to_refresh: int
    proof: EnergyProof | None


async def standing(stack: Stack) -> Standing | None:
    """Return what the database knows that is worth watching; None where it does not answer within two seconds."""
    layout = LAYOUTS[stack.settings.run_mode]
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), stack.db.snapshot() as session:
            waiting = await rollups.count_queued(session, layout.queue)
            return Standing(waiting, await energy_proofs.latest(session, layout.schema))
    except Exception as error:  # noqa: BLE001 - whatever it is, other figures are still worth telling
        _log.warning("The database does not answer", reason=type(error).__name__)
        return None


async def is_ready(stack: Stack) -> bool:
    """Whether the database answers a query through the pool within two seconds."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), stack.db.transaction() as session:
            await stack.storage.capabilities(session)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        _log.warning("The database does not answer", reason=type(error).__name__)
        return False
    return True
