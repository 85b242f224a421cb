"""What was learned of meters, as a Client tells it its Admin: both judge by the same."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.layout import MeterKey
from portal.core.database.rows import rows_of
from portal.core.energy.queries.passes import Pass, ask_for_passes
from portal.core.energy.rules.event_codes import code_of_kind
from portal.core.energy.rules.judging import ProposalKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

_KIND = code_of_kind(ProposalKind.LEARNED_BOUND)
_ALL = """
SELECT {h.customer_id,} h.device_id, h.learned_watts, h.count_milliwh, array_agg(e.at ORDER BY e.at) AS at,
       array_agg(e.watts ORDER BY e.at) AS watts
FROM {meter_heads} h
LEFT JOIN {meter_events} e
    ON {e.customer_id = h.customer_id AND} e.device_id = h.device_id AND e.register = 0 AND e.kind = :kind
WHERE h.register = 0 AND (h.learned_watts IS NOT NULL OR h.count_milliwh IS NOT NULL)
GROUP BY {h.customer_id,} h.device_id, h.register
"""
# A pass that has not begun learns before it judges.
_OTHERS = """
SELECT {n.customer_id,} n.device_id
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:watts AS integer[]), CAST(:counts AS bigint[])
) AS n ({customer_id,} device_id, watts, count_milliwh)
LEFT JOIN {meter_heads} h ON {h.customer_id = n.customer_id AND} h.device_id = n.device_id AND h.register = 0
WHERE (h.learned_watts, h.count_milliwh) IS DISTINCT FROM (n.watts, n.count_milliwh) AND NOT EXISTS (
    SELECT FROM {recompute_passes} p
    WHERE {p.customer_id = n.customer_id AND} p.device_id = n.device_id AND p.from_hour IS NULL
)
"""
_FORGET_RUNGS = """
DELETE FROM {meter_events} e
USING unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[])) AS n ({customer_id,} device_id)
WHERE {e.customer_id = n.customer_id AND} e.device_id = n.device_id AND e.register = 0 AND e.kind = :kind
  AND NOT EXISTS (
    SELECT FROM unnest(
        {CAST(:rung_customers AS uuid[]),} CAST(:rung_devices AS uuid[]), CAST(:at AS timestamptz[])
    ) AS r ({customer_id,} device_id, at)
    WHERE {r.customer_id = e.customer_id AND} r.device_id = e.device_id AND r.at = e.at
  )
"""
_STORE_RUNGS = """
INSERT INTO {meter_events} AS e ({customer_id,} device_id, kind, at, until, readings, milliwh, reasons, watts)
SELECT {r.customer_id,} r.device_id, :kind, r.at, r.at, 1, 0, ARRAY[]::smallint[], r.watts
FROM unnest(
    {CAST(:rung_customers AS uuid[]),} CAST(:rung_devices AS uuid[]),
    CAST(:at AS timestamptz[]), CAST(:rung_watts AS integer[])
) AS r ({customer_id,} device_id, at, watts)
ON CONFLICT ({customer_id,} device_id, register, kind, at) DO UPDATE SET watts = excluded.watts
    WHERE e.watts <> excluded.watts
"""


class LearnedMeter(NamedTuple):
    """What was learned of a meter: its bound (W) and one count (mWh), None as yet unknown, and when which rung was."""

    key: MeterKey
    watts: int | None
    count_milliwh: int | None
    rungs: tuple[tuple[datetime, int], ...]


class _Learned(NamedTuple):
    key: MeterKey
    learned_watts: int | None
    count_milliwh: int | None
    at: list[datetime | None]
    watts: list[int | None]


class _Meter(NamedTuple):
    key: MeterKey


async def all_learned(session: AsyncSession, layout: Layout) -> list[LearnedMeter]:
    """Return what was learned of each meter of which anything was."""
    rows = await rows_of(session, _Learned, layout.sql(_ALL), {"kind": _KIND}, keys=layout.key_width)
    return [
        LearnedMeter(
            row.key,
            row.learned_watts,
            row.count_milliwh,
            tuple((at, watts) for at, watts in zip(row.at, row.watts, strict=True) if at and watts),
        )
        for row in rows
    ]


async def take_learned(session: AsyncSession, layout: Layout, told: Sequence[LearnedMeter]) -> None:
    """Show the rungs that were learned elsewhere, and have meters judged anew that were judged by anything else."""
    if not told:
        return
    keys = layout.arrays(each.key for each in told)
    others = await rows_of(
        session,
        _Meter,
        layout.sql(_OTHERS),
        keys | {"watts": [each.watts for each in told], "counts": [each.count_milliwh for each in told]},
        keys=layout.key_width,
    )
    await ask_for_passes(session, layout, [Pass(each.key) for each in others])
    rungs = sorted({(each.key, at): watts for each in told for at, watts in each.rungs}.items())
    of_rungs = layout.arrays(key for (key, _), _ in rungs)
    given: dict[str, object] = {f"rung_{name}": values for name, values in of_rungs.items()}
    given |= {"kind": _KIND, "at": [at for (_, at), _ in rungs]}
    await session.execute(text(layout.sql(_FORGET_RUNGS)), given | keys)
    if rungs:
        given["rung_watts"] = [watts for _, watts in rungs]
        await session.execute(text(layout.sql(_STORE_RUNGS)), given)
