"""The pieces of energy within single hours, recomputed from the readings around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import rows_of
from portal.core.energy.rules.hours import MeterState, Piece, PieceKind, Rules, Step, fold
from portal.core.energy.rules.registers import Reading
from portal.core.values.time import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout
    from portal.core.energy.rules.meter import StoredState

_AT_ONCE = 500  # bounds the readings that are in memory together


@dataclass
class DeviceHour:
    """An hour of a device: what there is of it, and the pieces that reach into it once they were looked up.

    `settled_before` is the hour before which what is stored of the meter holds; None: the hour itself.
    """

    device_id: UUID
    municipality: int
    hour: datetime
    allocated_milliwh: int
    estimated_milliwh: int
    settled_before: datetime | None = None
    steps: list[Step] = field(default_factory=list[Step])
    allocated_pieces: list[Piece] = field(default_factory=list[Piece])
    gap_pieces: list[Piece] = field(default_factory=list[Piece])


# The fold starts where nothing was pending, at the end of the last such hour before, and goes on a few readings
# beyond the hour: a reading is judged by the ones that follow it.
_READINGS = """
SELECT w.number, w.max_power_kw::float8 AS max_power_kw, w.state, m.time, m.milliwh
FROM (
    SELECT u.number, d.customer, d.meter, u.hour, d.max_power_kw, head.state, head.until
    FROM unnest(
        CAST(:numbers AS integer[]), CAST(:devices AS uuid[]), CAST(:hours AS timestamptz[]),
        CAST(:settled_before AS timestamptz[])
    ) AS u (number, device_id, hour, settled_before)
    JOIN {devices} d ON {d.customer_id = :customer_id AND} d.id = u.device_id
    LEFT JOIN LATERAL (
        SELECT e.meter_state AS state, e.hour + interval '1 hour' AS until FROM {hourly_energy} e
        WHERE {e.customer_id = :customer_id AND} e.device_id = u.device_id AND e.hour < u.settled_before
          AND e.meter_is_settled
        ORDER BY e.hour DESC LIMIT 1
    ) head ON true
) w CROSS JOIN LATERAL (
    (SELECT r.time, r.energy_imported_kwh AS milliwh FROM {stored_readings} r
     WHERE r.customer = w.customer AND r.meter = w.meter AND r.energy_imported_kwh IS NOT NULL
       AND r.time >= coalesce(w.until, w.hour - interval '30 days') AND r.time < w.hour + interval '1 hour')
    UNION ALL
    (SELECT r.time, r.energy_imported_kwh
     FROM {schema}.next_imported(w.customer, w.meter, w.hour + interval '1 hour', 6) r)
) m
ORDER BY w.number, m.time
"""


class _ReadingNearby(NamedTuple):
    """A reading in or around the hour `number`, of a meter of this rated power, and the state before the first one."""

    number: int
    max_power_kw: float | None
    state: StoredState | None
    time: datetime
    milliwh: int


async def add_pieces(
    session: AsyncSession,
    layout: Layout,
    customer_id: UUID | None,
    hours: Sequence[DeviceHour],
    max_gap: timedelta,
) -> None:
    """Look up the readings of device hours and fill in the pieces that reach into them."""
    statement = layout.sql(_READINGS)
    for first in range(0, len(hours), _AT_ONCE):
        some = hours[first : first + _AT_ONCE]
        given: dict[str, object] = {
            "customer_id": customer_id,
            "numbers": list(range(len(some))),
            "devices": [each.device_id for each in some],
            "hours": [each.hour for each in some],
            "settled_before": [each.settled_before or each.hour for each in some],
        }
        by_number: dict[int, list[_ReadingNearby]] = {}
        for row in await rows_of(session, _ReadingNearby, statement, given):
            by_number.setdefault(row.number, []).append(row)
        for number, its_rows in by_number.items():
            _fold_hour(some[number], its_rows, max_gap)


def _fold_hour(found: DeviceHour, rows: list[_ReadingNearby], max_gap: timedelta) -> None:
    stored = rows[0].state
    state = MeterState() if stored is None else MeterState.from_json(stored)
    rules = Rules(max_gap, rows[0].max_power_kw)
    readings = [Reading(row.time, row.milliwh) for row in rows]
    end_at = found.hour + HOUR
    for step in fold(state, readings, rules):
        pieces = [piece for piece in step.pieces if piece.end_at > found.hour and piece.start_at < end_at]
        if pieces or found.hour <= step.reading.at < end_at:
            found.steps.append(step)
        for piece in pieces:
            is_gap = piece.kind is PieceKind.GAP
            (found.gap_pieces if is_gap else found.allocated_pieces).append(piece)
