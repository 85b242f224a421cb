"""What is judged again because of what people decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.queue import queue_hours
from portal.core.energy.queries.passes import Pass, ask_for_passes
from portal.core.energy.rules.judging import DeclaredSwitch
from portal.core.values.time import floor_hour, instant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.decisions import StoredDecision

_LONGEST = timedelta(days=31)
_SPANS = """
SELECT {w.customer_id,} w.device_id, date_trunc('hour', w.at, 'UTC') AS hour, w.at AS first_at
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:at AS timestamptz[]))
    AS w ({customer_id,} device_id, at)
"""


class _Reach(NamedTuple):
    """What a decision changes: from the first reading it is about to the last; None: all that follows."""

    key: MeterKey
    first_at: datetime
    last_at: datetime | None


async def judge_again(session: AsyncSession, layout: Layout, decisions: Iterable[StoredDecision]) -> None:
    """Have the next refresh judge again what these decisions are about, those included that undo others of them.

    What changes everything behind it (another CT ratio), or very much, is a pass from there on.
    """
    found = list(decisions)
    by_id = {each.id: each for each in found}
    reaches = [reach for each in found if (reach := _reach(each, by_id))]
    ends = [
        (reach.key, at)
        for reach in reaches
        for at in (reach.first_at, reach.last_at)
        if at is not None and not _is_far(reach)
    ]
    if ends:
        given = layout.arrays(key for key, _ in ends) | {"at": [at for _, at in ends]}
        await queue_hours(session, layout, layout.sql(_SPANS), given)
    passes = [Pass(reach.key, floor_hour(reach.first_at)) for reach in reaches if _is_far(reach)]
    await ask_for_passes(session, layout, passes)


def _is_far(reach: _Reach) -> bool:
    return reach.last_at is None or reach.last_at - reach.first_at > _LONGEST


def _reach(decision: StoredDecision, by_id: Mapping[UUID, StoredDecision]) -> _Reach | None:
    if decision.undoes is not None and decision.undoes in by_id:
        return None  # what it undoes says where
    says = decision.says
    if says is None:
        return None
    if not isinstance(says, DeclaredSwitch):
        return _Reach(decision.key, instant_of(says.from_at), instant_of(says.to_at))
    first_at = instant_of(says.at if says.old_at is None else says.old_at)
    if says.scale is not None or says.facts is not None:
        return _Reach(decision.key, first_at, None)
    return _Reach(decision.key, first_at, max(first_at, decision.event_at or first_at))
