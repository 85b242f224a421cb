"""Forgets what became of batches long ago: a thousand customers make more than a million such rows a day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.fleet.queries import push_history as queries
from portal.core.log import logger
from portal.core.outages import Outage

if TYPE_CHECKING:
    from portal.core.stack import Stack

_SLICE_ROWS = 5000
_EVERY_SECONDS = 3600
# What an earlier release kept for ever goes by and by: batches are stored meanwhile.
_PAUSE_SECONDS = 0.2
_log = logger("fleet")
_outage = Outage(_log, "Old ingest events cannot be deleted")


async def forget_old_events(stack: Stack) -> int:
    """Delete some ingest events that are older than `FleetIngest__KeepEventsDays`; returns how many they were.

    Several processes may do so at once: each row is deleted once.
    """
    before = stack.clock() - timedelta(days=stack.settings.fleet_ingest.keep_events_days)
    async with stack.db.transaction() as session:
        return await queries.forget_before(session, before, _SLICE_ROWS)


async def follow(stack: Stack) -> None:
    """Do so every hour, slice by slice until nothing old is left, until cancelled."""
    while True:
        gone = 0
        with _outage.noted():
            gone = await forget_old_events(stack)
        await asyncio.sleep(_EVERY_SECONDS if gone < _SLICE_ROWS else _PAUSE_SECONDS)
