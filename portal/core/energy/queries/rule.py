"""The rule that stored energy was computed by.

Readings are judged when their hours are computed. A changed `Billing__MaxGapMinutes` would leave hours of two rules
side by side, and explain the old ones by the new rule; so it is noticed, and applied to all when somebody asks for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.database.rows import value_of
from portal.core.log import logger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_log = logger("energy")
_NOTE = """
INSERT INTO {energy_rule}
SELECT CAST(:minutes AS integer) WHERE NOT EXISTS (SELECT 1 FROM {energy_rule})
"""


async def note_rule(session: AsyncSession, layout: Layout, max_gap: timedelta) -> None:
    """Remember the longest gap at the first start, and say at each later one where it is another."""
    words = await other_rule(session, layout, max_gap)
    if words:
        _log.warning(words)
    await session.execute(text(layout.sql(_NOTE)), {"minutes": _minutes(max_gap)})


async def other_rule(session: AsyncSession, layout: Layout, max_gap: timedelta) -> str | None:
    """Return, in words, by what other rule stored energy was computed; None where it is the present one."""
    stored = await value_of(session, int, layout.sql("SELECT max_gap_minutes FROM {energy_rule}"))
    minutes = _minutes(max_gap)
    if stored is None or stored == minutes:
        return None
    return (
        f"Stored energy was computed with Billing__MaxGapMinutes={stored}, now it is {minutes}: "
        "portal doctor --energy --recompute applies that to all of it."
    )


async def take_rule(session: AsyncSession, layout: Layout, max_gap: timedelta) -> None:
    """Remember the present rule: all energy is being computed by it."""
    await session.execute(
        text(layout.sql("UPDATE {energy_rule} SET max_gap_minutes = :minutes")),
        {"minutes": _minutes(max_gap)},
    )


def _minutes(max_gap: timedelta) -> int:
    return max_gap // timedelta(minutes=1)
