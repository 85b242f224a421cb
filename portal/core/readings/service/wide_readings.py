"""Readings of an earlier release come to where readings lie now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.readings.queries import wide_rows

if TYPE_CHECKING:
    from portal.core.stack import Stack


async def move_wide_readings(stack: Stack) -> int:
    """Move every reading that still lies in the table of an earlier release; returns how many there were.

    After the engine's part of the schema is made. May be killed at any instant, and begun again.
    """
    return await wide_rows.move_all(stack.db, stack.storage, stack.layout)
