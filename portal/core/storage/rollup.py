"""Recomputes the hours that new readings touched, on plain PostgreSQL.

Writers append (meter, hour) to the queue in the transaction that stores their readings. A refresh
takes the queue and rewrites those hours in one transaction, one refresh at a time: what is taken is
recomputed or still queued, whatever is killed when.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.domain.energy import Rules
from portal.core.storage.billed import rewrite_energy

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.storage.layout import Layout

Meter = dict[str, "UUID"]
_REFRESH_LOCK = 7_301_003


async def queue_is_empty(session: AsyncSession, layout: Layout) -> bool:
    """Tell whether every stored reading is in the rollups already."""
    return not await session.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {layout.queue})"))


async def refresh_queued(session: AsyncSession, layout: Layout, max_gap: timedelta) -> int:
    """Recompute all queued hours in the session's transaction; returns the number of (meter, hour)."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REFRESH_LOCK})
    taken = await _take_queue(session, layout)
    if not taken:
        return 0
    await _rewrite_figures(session, layout, taken)
    powers = await _rated_powers(session, layout)
    for key, group in groupby(taken, key=lambda row: row[:-1]):
        meter = dict(zip(layout.keys, key, strict=True))
        rules = Rules(max_gap=max_gap, max_power_kw=powers.get(key))
        await rewrite_energy(session, layout, meter, [row[-1] for row in group], rules)
    return len(taken)


async def _take_queue(session: AsyncSession, layout: Layout) -> list[tuple[Any, ...]]:
    keys = layout.key_list()
    rows = await session.execute(
        text(
            f"WITH taken AS (DELETE FROM {layout.queue} RETURNING {keys}, hour) "
            f"SELECT DISTINCT {keys}, hour FROM taken ORDER BY {keys}, hour"
        )
    )
    return [tuple(row) for row in rows]


async def _rated_powers(session: AsyncSession, layout: Layout) -> dict[tuple[Any, ...], float]:
    keys = ", ".join("id" if key == "device_id" else key for key in layout.keys)
    rows = await session.execute(
        text(
            f"SELECT {keys}, max_power_kw::float8 FROM {layout.schema}.devices WHERE max_power_kw IS NOT NULL"
        )
    )
    return {tuple(row[:-1]): row[-1] for row in rows}


async def _rewrite_figures(session: AsyncSession, layout: Layout, taken: list[tuple[Any, ...]]) -> None:
    """Write average, extremes, sample count and `kwh_delta` of the hours, whatever they held before."""
    keys, join = layout.key_list(), layout.matches("m", "t")
    columns = ", ".join(f"CAST(:{name} AS {kind}[]) " for name, kind in _array_types(layout))
    await session.execute(
        text(
            f"INSERT INTO {layout.hourly} AS h ({keys}, hour, avg_active_power_kw, max_active_power_kw, "
            f"min_active_power_kw, sample_count, kwh_delta) "
            f"SELECT {layout.key_list('t')}, t.hour, avg(m.active_power_kw), max(m.active_power_kw), "
            f"min(m.active_power_kw), count(m.time), max(m.energy_imported_kwh) - min(m.energy_imported_kwh) "
            f"FROM unnest({columns}) AS t ({keys}, hour) "
            f"LEFT JOIN {layout.measurements} m ON {join} AND m.time >= t.hour AND m.time < t.hour + interval '1 hour' "
            f"GROUP BY {layout.key_list('t')}, t.hour "
            f"ON CONFLICT ({keys}, hour) DO UPDATE SET avg_active_power_kw = excluded.avg_active_power_kw, "
            f"max_active_power_kw = excluded.max_active_power_kw, min_active_power_kw = excluded.min_active_power_kw, "
            f"sample_count = excluded.sample_count, kwh_delta = excluded.kwh_delta"
        ),
        {name: [row[i] for row in taken] for i, (name, _) in enumerate(_array_types(layout))},
    )


def _array_types(layout: Layout) -> list[tuple[str, str]]:
    return [(key, "uuid") for key in layout.keys] + [("hours", "timestamptz")]


def hours_of(times: list[datetime]) -> list[datetime]:
    """Return the distinct UTC hours of some instants, in order."""
    return sorted({at.replace(minute=0, second=0, microsecond=0) for at in times})
