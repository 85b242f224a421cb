"""Keeps how the fleet is, every five minutes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core.fleet.queries import fleet_samples as queries
from portal.core.fleet.rules.customer_lists import ACTIVE_WITHIN
from portal.core.log import logger
from portal.core.outages import Outage

if TYPE_CHECKING:
    from portal.core.stack import Stack

STEP = timedelta(minutes=5)
_KEPT = timedelta(days=8)
_outage = Outage(logger("fleet"), "How the fleet is cannot be kept")


async def take_sample(stack: Stack) -> None:
    """Keep how the fleet is at the last whole five minutes, and forget what is older than eight days.

    Several processes may do so at once: the first of them does it.
    """
    now = stack.clock()
    at = datetime.fromtimestamp(now.timestamp() // STEP.total_seconds() * STEP.total_seconds(), UTC)
    async with stack.db.transaction() as session:
        await queries.take(session, at, at - ACTIVE_WITHIN)
        await queries.forget_before(session, at - _KEPT)


async def follow(stack: Stack) -> None:
    """Do so every five minutes, until cancelled."""
    while True:
        with _outage.noted():
            await take_sample(stack)
        seconds = STEP.total_seconds()
        await asyncio.sleep(seconds - stack.clock().timestamp() % seconds + 1)
