"""The readings and pieces of energy of single hours, as they were judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.energy.queries.meters import judged_meters
from portal.core.energy.queries.register_readings import RegisterSpan, load_readings
from portal.core.energy.rules.event_codes import reason_of_code
from portal.core.energy.rules.hour_readings import (
    JudgedReading,
    KeptJudgement,
    Step,
    SuspectReadings,
    kept_hour,
    kept_of,
)
from portal.core.energy.rules.live import LiveJudgement
from portal.core.energy.rules.pieces import Piece, PieceKind
from portal.core.energy.rules.stored_words import LINK_KINDS
from portal.core.values.time import HOUR, epoch_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.judging import RegisterReading

_AT_ONCE = 500  # bounds the readings that are in memory together
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class DeviceHour:
    """An hour of a device: what there is of it, and what became of its readings once they were looked up.

    `judged` is what was judged anew with the answer; None: what is stored holds.
    """

    device_id: UUID
    municipality: int
    hour: datetime
    allocated_milliwh: int
    estimated_milliwh: int
    judged: LiveJudgement | None = None
    readings: list[JudgedReading] = field(default_factory=list[JudgedReading])
    allocated_pieces: list[Piece] = field(default_factory=list[Piece])
    gap_pieces: list[Piece] = field(default_factory=list[Piece])

    def take(self, kept: KeptJudgement, max_gap: timedelta) -> None:
        """Fill in the readings and the pieces."""
        found = kept_hour(kept, self.hour, self.hour + HOUR, max_gap)
        self.readings = found.readings
        self.allocated_pieces = [piece for piece in found.pieces if piece.kind is PieceKind.ALLOCATED]
        self.gap_pieces = [piece for piece in found.pieces if piece.kind is PieceKind.GAP]


# Accepted readings around the hour and its neighbours: the last one of the hours before, and in which hour the next is.
_AROUND = """
SELECT u.number, b.last_at, b.last_milliwh, n.hour AS next_hour
FROM unnest(CAST(:numbers AS integer[]), CAST(:devices AS uuid[]), CAST(:hours AS timestamptz[]))
    AS u (number, device_id, hour)
LEFT JOIN LATERAL (
    SELECT e.last_at, e.last_milliwh FROM {hourly_energy} e
    WHERE {e.customer_id = :customer_id AND} e.device_id = u.device_id AND e.last_at IS NOT NULL
      AND e.hour < u.hour - interval '1 hour' ORDER BY e.hour DESC LIMIT 1
) b ON true LEFT JOIN LATERAL (
    SELECT e.hour FROM {hourly_energy} e
    WHERE {e.customer_id = :customer_id AND} e.device_id = u.device_id AND e.last_at IS NOT NULL
      AND e.hour >= u.hour + interval '2 hours' ORDER BY e.hour LIMIT 1
) n ON true
"""
_SPANS = """
SELECT u.number, (extract(epoch FROM s.first_at) * 1000000)::bigint AS first_at, s.first_milliwh,
       (extract(epoch FROM s.last_at) * 1000000)::bigint AS last_at, s.last_milliwh, s.reason
FROM unnest(
    CAST(:numbers AS integer[]), CAST(:devices AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) AS u (number, device_id, since, until)
JOIN {suspect_spans} s ON {s.customer_id = :customer_id AND} s.device_id = u.device_id AND s.register = 0
    AND s.first_at <= u.until AND s.last_at >= u.since
ORDER BY u.number, s.first_at, s.first_milliwh
"""
_STEPS = """
SELECT u.number, (extract(epoch FROM l.after_at) * 1000000)::bigint AS after_at, l.kind, l.milliwh,
       (extract(epoch FROM l.switched_at) * 1000000)::bigint AS switched_at, l.milliwh_before
FROM unnest(
    CAST(:numbers AS integer[]), CAST(:devices AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[])
) AS u (number, device_id, since, until)
JOIN {register_links} l ON {l.customer_id = :customer_id AND} l.device_id = u.device_id AND l.register = 0
    AND l.after_at >= u.since AND l.after_at <= u.until
"""


class _Around(NamedTuple):
    number: int
    last_at: datetime | None
    last_milliwh: int | None
    next_hour: datetime | None


class _Span(NamedTuple):
    number: int
    first_at: int
    first_milliwh: int
    last_at: int
    last_milliwh: int
    reason: int


class _Link(NamedTuple):
    number: int
    after_at: int
    kind: int
    milliwh: int
    switched_at: int | None
    milliwh_before: int


async def add_readings(
    session: AsyncSession,
    layout: Layout,
    customer_id: UUID | None,
    hours: Sequence[DeviceHour],
    max_gap: timedelta,
) -> None:
    """Look up the readings of device hours, and fill in what became of them and the pieces that reach into each."""
    for found in hours:
        if found.judged is not None:
            judgement, eras = found.judged
            found.take(kept_of(judgement, eras, found.hour, found.hour + HOUR), max_gap)
    stored = [found for found in hours if found.judged is None]
    for first in range(0, len(stored), _AT_ONCE):
        some = stored[first : first + _AT_ONCE]
        keys = [layout.key(found.device_id, customer_id) for found in some]
        await _add_stored(session, layout, customer_id, some, keys, max_gap)


async def _add_stored(
    session: AsyncSession,
    layout: Layout,
    customer_id: UUID | None,
    hours: Sequence[DeviceHour],
    keys: Sequence[MeterKey],
    max_gap: timedelta,
) -> None:
    given: dict[str, object] = {
        "customer_id": customer_id,
        "numbers": list(range(len(hours))),
        "devices": [found.device_id for found in hours],
    }
    around = {
        row.number: row
        for row in await rows_of(
            session, _Around, layout.sql(_AROUND), given | {"hours": [found.hour for found in hours]}
        )
    }
    readings = await _readings_around(session, layout, hours, keys, around)
    given |= {
        "since": [found.hour - HOUR for found in hours],
        "until": [(around[n].next_hour or found.hour + HOUR) + HOUR for n, found in enumerate(hours)],
    }
    suspects = await _suspects(session, layout, given)
    steps = await _steps(session, layout, given)
    meters = await judged_meters(session, layout, sorted(set(keys)), max_gap)
    for n, found in enumerate(hours):
        eras = meters[keys[n]].rules.eras
        found.take(KeptJudgement(readings[n], suspects.get(n, []), steps.get(n, {}), eras), max_gap)


async def _suspects(
    session: AsyncSession, layout: Layout, given: dict[str, object]
) -> dict[int, list[SuspectReadings]]:
    found: dict[int, list[SuspectReadings]] = {}
    for row in await rows_of(session, _Span, layout.sql(_SPANS), given):
        first, last = (row.first_at, row.first_milliwh), (row.last_at, row.last_milliwh)
        found.setdefault(row.number, []).append(SuspectReadings(first, last, reason_of_code(row.reason)))
    return found


async def _steps(
    session: AsyncSession, layout: Layout, given: dict[str, object]
) -> dict[int, dict[int, Step]]:
    found: dict[int, dict[int, Step]] = {}
    for row in await rows_of(session, _Link, layout.sql(_STEPS), given):
        kind = LINK_KINDS.word(row.kind)
        if kind is not None:
            step = Step(kind, row.milliwh, row.switched_at, row.milliwh_before)
            found.setdefault(row.number, {})[row.after_at] = step
    return found


async def _readings_around(
    session: AsyncSession,
    layout: Layout,
    hours: Sequence[DeviceHour],
    keys: Sequence[MeterKey],
    around: dict[int, _Around],
) -> list[list[RegisterReading]]:
    """Return the readings of each hour and its neighbours, the last accepted one before, and those of the next hour."""
    spans = [
        RegisterSpan(key, found.hour - HOUR, found.hour + 2 * HOUR - _MICROSECOND)
        for key, found in zip(keys, hours, strict=True)
    ]
    ahead = [(n, row.next_hour) for n, row in around.items() if row.next_hour is not None]
    spans += [RegisterSpan(keys[n], hour, hour + HOUR - _MICROSECOND) for n, hour in ahead]
    found = await load_readings(session, layout, spans)
    readings = found[: len(hours)]
    for (n, _), more in zip(ahead, found[len(hours) :], strict=True):
        readings[n] += more
    for n, row in around.items():
        if row.last_at is not None and row.last_milliwh is not None:
            readings[n].insert(0, (epoch_microseconds(row.last_at), row.last_milliwh))
    return readings
