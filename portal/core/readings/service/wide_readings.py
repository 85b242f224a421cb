"""Readings of an earlier release come to where readings lie now, while the stack runs."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.readings.queries import wide_rows, wide_way

if TYPE_CHECKING:
    from portal.core.stack import Stack

_log = logger("storage")
_PAUSE_SECONDS = 3
_LONGEST_PAUSE_SECONDS = 1


async def begin(stack: Stack) -> bool:
    """Have everybody see readings that are still to be moved; tells whether there are any to move.

    To be called before anything is served from a schema that was just migrated.
    """
    wide_way.forget(stack)
    return await wide_rows.begin(stack.db, stack.layout)


async def make_ready(stack: Stack) -> None:
    """Do before anything is served what cannot be done beside it.

    Where aggregates follow the readings that lie narrow, and know of no others, all of them are moved now.
    """
    if await begin(stack):
        async with stack.db.transaction() as session:
            figures = await stack.storage.figures(session)
        if figures.waiting is not None:
            await move_wide_readings(stack)


async def move_wide_readings(stack: Stack) -> int:
    """Move every reading that still lies in the table of an earlier release; returns how many there were.

    After the engine's part of the schema is made. May be killed at any instant, and begun again.
    """
    if not await begin(stack):
        return 0
    moved = await _move_all(stack)
    await wide_rows.finish(stack.db, stack.storage, stack.layout)
    return moved


async def follow(stack: Stack) -> None:
    """Do the same beside everything else, at half the speed; returns when there is nothing left to move."""
    outage = Outage(_log, "Readings of an earlier release are not moved")
    while True:
        with outage.noted():
            if not await wide_rows.is_left(stack.db, stack.layout):
                return
            await _move_all(stack, is_alone=False)
            await _when_nobody_reads_older(stack)
            await wide_rows.finish(stack.db, stack.storage, stack.layout)
            _log.info("All readings of the earlier release have been moved")
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def _move_all(stack: Stack, *, is_alone: bool = True) -> int:
    moved = 0
    while units := await wide_rows.units_of_newest_week(stack.db, stack.layout):
        for unit in units:
            began = monotonic()
            moved += await wide_way.move(stack, unit)
            if not is_alone:
                await asyncio.sleep(min(monotonic() - began, _LONGEST_PAUSE_SECONDS))
        if not is_alone:
            await _when_nobody_reads_older(stack)
        await wide_rows.drop_empty(stack.db, stack.layout, units[0].start)
    return moved


async def _when_nobody_reads_older(stack: Stack) -> None:
    """Wait for those who still read as of before: they count on rows where those were."""
    since = await wide_rows.now(stack.db)
    while await wide_rows.is_older_open(stack.db, since):  # noqa: ASYNC110 - others end by themselves
        await asyncio.sleep(1)
