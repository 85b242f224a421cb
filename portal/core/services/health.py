"""Whether the stack can do its work."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.queries import energy_proofs, push_epoch, rollups, writing
from portal.core.storage.layout import LAYOUTS

if TYPE_CHECKING:
    from portal.core.queries.energy_proofs import EnergyProof
    from portal.core.stack import Stack

_log = logger("health")
_not_ready = Outage(_log, "The database cannot be used")
_figures_missing = Outage(_log, "The figures of the database are not there")
_PATIENCE_SECONDS = 2


@dataclass(frozen=True)
class Standing:
    """How many hours of meters wait to be recomputed, and the last energy proof; None before the first.

    `is_behind`: a Client's push is stopped, since the Admin holds more than it ever sent; None at the Admin.
    """

    hours_to_refresh: int
    proof: EnergyProof | None
    is_behind: bool | None = None


async def standing(stack: Stack) -> Standing | None:
    """Return what the database knows that is worth watching; None where it does not answer within two seconds."""
    layout = LAYOUTS[stack.settings.run_mode]
    with _figures_missing.noted():
        async with asyncio.timeout(_PATIENCE_SECONDS), stack.db.snapshot() as session:
            waiting = await rollups.count_queued(session, layout.queue)
            proof = await energy_proofs.latest(session, layout.schema)
            epoch = None if layout.has_customers else await push_epoch.load(session)
            return Standing(waiting, proof, None if epoch is None else epoch.behind_since is not None)
    return None


async def is_ready(stack: Stack) -> bool:
    """Whether the database answers through the pool within two seconds, and takes changes.

    A server that was out of disk is asked for a little of it, until it has some.
    """
    with _not_ready.noted():
        async with asyncio.timeout(_PATIENCE_SECONDS), stack.db.transaction() as session:
            await writing.require_writable(session)
            if stack.db.is_full:
                await writing.require_room(session)
        stack.db.is_full = False
        return True
    return False
