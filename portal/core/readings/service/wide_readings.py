"""Readings of an earlier release come to where readings lie now, while the stack runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from portal.core.errors import Unavailable
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.readings.queries import wide_rows, wide_way

if TYPE_CHECKING:
    from portal.core.stack import Stack

_log = logger("storage")
_PAUSE_SECONDS = 3
_TRIES, _BETWEEN_TRIES_SECONDS = 60, 0.5
_LONGEST_PAUSE_SECONDS = 1


async def begin(stack: Stack) -> bool:
    """Have everybody see readings that are still to be moved; tells whether there are any to move.

    To be called before anything is served from a schema that was just migrated.
    """
    wide_way.forget(stack)
    return await wide_rows.begin(stack.db, stack.layout)


async def move_wide_readings(stack: Stack) -> int:
    """Move every reading that still lies in the table of an earlier release; returns how many there were.

    After the engine's part of the schema is made. May be killed at any instant, and begun again.
    """
    moved = 0
    if await begin(stack):
        moved = await _move_all(stack)
    await _end(stack)
    return moved


async def follow(stack: Stack) -> None:
    """Do the same beside everything else, at half the speed; returns when there is nothing left to move."""
    outage = Outage(_log, "Readings of an earlier release are not moved")
    while True:
        with outage.noted():
            if await wide_rows.is_left(stack.db, stack.layout):
                await _move_all(stack, is_alone=False)
                await _when_nobody_reads_older(stack)
                _log.info("All readings of the earlier release have been moved")
            await _end(stack, is_alone=False)
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def _end(stack: Stack, *, is_alone: bool = True) -> None:
    """Let the earlier table go, and figures be kept as ever, as soon as nobody holds what that changes."""
    for _ in range(_TRIES):
        with suppress(Unavailable):
            await wide_rows.show_alone(stack.db, stack.layout)
            if not is_alone:  # who began with a view as it was looks into the table still
                await _when_nobody_reads_older(stack)
            await wide_rows.let_go(stack.db, stack.layout)
            await stack.storage.finish_move(stack.db)
            wide_way.forget(stack)
            return
        await asyncio.sleep(_BETWEEN_TRIES_SECONDS)
    raise Unavailable("Somebody holds the table of the earlier release, or the views of the hours.")


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
        if await wide_rows.is_emptied(stack.db, stack.layout, units[0].start):
            await stack.storage.clear_moved(stack.db, units[0].start)
    return moved


async def _when_nobody_reads_older(stack: Stack) -> None:
    """Wait for those who still read as of before: they count on rows where those were."""
    since = await wide_rows.now(stack.db)
    while await wide_rows.is_older_open(stack.db, since):  # noqa: ASYNC110 - others end by themselves
        await asyncio.sleep(1)
