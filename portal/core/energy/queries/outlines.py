"""From where on a meter has to be judged again, and up to where: anchors and rivals, from what is stored.

Rivals are stored as such. Anchors are found where hours are unbroken: their readings are of one run, whichever come.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import rows_of
from portal.core.energy.rules.judging import Anchor, Rival, anchors_among
from portal.core.energy.rules.judging.prices import HOUR, REMEMBERED
from portal.core.values.time import epoch_microseconds, floor_hour, instant_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.judging import RegisterReading

_RIVALS = """
SELECT w.ordinal, (extract(epoch FROM v.since) * 1000000)::bigint AS since,
       (extract(epoch FROM v.until) * 1000000)::bigint AS until, v.readings
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:reached AS timestamptz[]))
    WITH ORDINALITY AS w ({customer_id,} device_id, reached, ordinal)
JOIN {meter_rivals} v ON {v.customer_id = w.customer_id AND} v.device_id = w.device_id AND v.register = 0
    AND v.until >= w.reached
ORDER BY w.ordinal, v.since, v.until
"""
# Hours that say something of readings; one that only has its share of a gap says nothing.
_HOURS = """
SELECT w.ordinal, (extract(epoch FROM e.hour) * 1000000)::bigint AS hour
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) WITH ORDINALITY AS w ({customer_id,} device_id, since, until, ordinal)
JOIN {hourly_energy} e ON {e.customer_id = w.customer_id AND} e.device_id = w.device_id
    AND e.hour >= coalesce(w.since, '-infinity') AND e.hour <= coalesce(w.until, 'infinity') AND e.is_unbroken
"""
_LAST_BEFORE = """
SELECT w.ordinal, (extract(epoch FROM last.hour) * 1000000)::bigint AS hour
FROM unnest({CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:before AS timestamptz[]))
    WITH ORDINALITY AS w ({customer_id,} device_id, before, ordinal)
CROSS JOIN LATERAL (
    SELECT e.hour FROM {hourly_energy} e WHERE {e.customer_id = w.customer_id AND} e.device_id = w.device_id
      AND e.hour < w.before AND e.is_unbroken
    ORDER BY e.hour DESC LIMIT 1
) last
"""


class HourSpan(NamedTuple):
    """A meter's hours from that of `since` to that of `until`; None is the first one, or the last."""

    key: MeterKey
    since: datetime | None
    until: datetime | None


class _RivalRow(NamedTuple):
    ordinal: int
    since: int
    until: int
    readings: int


class _Hour(NamedTuple):
    ordinal: int
    hour: int


async def rivals_reached(
    session: AsyncSession, layout: Layout, changes: Sequence[tuple[MeterKey, datetime]]
) -> list[list[Rival]]:
    """Return the stored rivals of each meter that readings from an instant on may bring back, and all later ones."""
    given = layout.arrays(key for key, _ in changes) | {
        "reached": [at - timedelta(microseconds=REMEMBERED) for _, at in changes]
    }
    found: list[list[Rival]] = [[] for _ in changes]
    for ordinal, *rival in await rows_of(session, _RivalRow, layout.sql(_RIVALS), given):
        found[ordinal - 1].append(Rival(*rival))
    return found


async def unbroken_hours(session: AsyncSession, layout: Layout, spans: Sequence[HourSpan]) -> list[set[int]]:
    """Return the hours (microseconds since 1970) of each span whose readings are all of one run with those before."""
    given = layout.arrays(span.key for span in spans) | {
        "since": [span.since and floor_hour(span.since) for span in spans],
        "until": [span.until for span in spans],
    }
    found: list[set[int]] = [set() for _ in spans]
    for ordinal, hour in await rows_of(session, _Hour, layout.sql(_HOURS), given):
        found[ordinal - 1].add(hour)
    return found


async def last_unbroken_before(
    session: AsyncSession, layout: Layout, ends: Sequence[tuple[MeterKey, datetime]]
) -> dict[int, datetime]:
    """Return the last unbroken hour of each meter before an instant, by its position; nothing of one without any."""
    given = layout.arrays(key for key, _ in ends) | {"before": [at for _, at in ends]}
    rows = await rows_of(session, _Hour, layout.sql(_LAST_BEFORE), given)
    return {row.ordinal - 1: instant_of(row.hour) for row in rows}


def anchors_in(
    readings: Sequence[RegisterReading],
    unbroken: Collection[int],
    since: datetime | None,
    until: datetime | None,
) -> list[Anchor]:
    """Return the anchors of readings from `since` to before `until`, given which of their hours are unbroken."""
    first = 0 if since is None else bisect_left(readings, (epoch_microseconds(since),))
    end = len(readings) if until is None else bisect_left(readings, (epoch_microseconds(until),))
    return [anchor for run in _runs(readings[first:end], unbroken) for anchor in _anchors_of(run)]


def _runs(readings: Sequence[RegisterReading], unbroken: Collection[int]) -> Iterator[list[RegisterReading]]:
    for is_whole, run in groupby(readings, key=lambda reading: reading[0] // HOUR * HOUR in unbroken):
        if is_whole:
            yield list(run)


def _anchors_of(run: Sequence[RegisterReading]) -> list[Anchor]:
    return anchors_among([at for at, _ in run], [shown for _, shown in run])


def instant(at: int | None) -> datetime | None:
    """Return an instant from microseconds since 1970, None of none."""
    return None if at is None else instant_of(at)
