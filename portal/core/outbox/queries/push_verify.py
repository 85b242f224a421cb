"""Statements that have those of the Client's readings pushed again that the Admin has not, or has less of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.rows import row_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

MISSING = "missing at the Admin"


class Queued(NamedTuple):
    """Of readings that are missing at the Admin: how many wait already, and how many were given up."""

    waiting: int
    given_up: int


# What waits is not missing, what was refused is tried anyway, and what a person discarded stays away.
_QUEUE_MISSING = """
WITH named AS (
    SELECT m.time, d.id AS device_id, m.received,
        TIMESTAMPTZ '2000-01-01 UTC' + make_interval(secs => m.received) AS received_at
    FROM monitoring.devices d CROSS JOIN unnest(CAST(:times AS timestamptz[])) AS k(time)
    CROSS JOIN LATERAL (
        SELECT r.time, r.received FROM monitoring.stored_readings r
        WHERE r.customer = d.customer AND r.meter = d.meter AND r.time = k.time OFFSET 0
    ) m
    WHERE d.id = :device_id
), waiting AS (
    SELECT n.* FROM named n WHERE EXISTS (
        SELECT 1 FROM app.push_outbox a
        WHERE a.device_id = n.device_id
          AND floor(extract(epoch FROM a.received_at) - 946684800)::integer = n.received
          AND n.time BETWEEN a.first_at AND a.last_at AND (a.sent_time IS NULL OR n.time > a.sent_time))
    OR EXISTS (SELECT 1 FROM app.push_retries r WHERE r.time = n.time AND r.device_id = n.device_id)
), given_up AS (
    SELECT n.* FROM named n WHERE EXISTS (
        SELECT 1 FROM app.push_dead_letters d
        WHERE d.resource_type = 'measurements' AND d.time = n.time AND d.device_id = n.device_id)
    OR EXISTS (
        SELECT 1 FROM app.push_decisions d
        WHERE d.action = 'discard' AND d.device_id = n.device_id AND d.time = n.time)
), queued AS (
    INSERT INTO app.push_retries (time, device_id, received_at, reason, tries)
    SELECT time, device_id, received_at, :reason, 0 FROM named
    WHERE :repair AND (time, device_id) NOT IN (SELECT time, device_id FROM waiting)
      AND (time, device_id) NOT IN (SELECT time, device_id FROM given_up)
    ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM waiting) AS waiting, (SELECT count(*) FROM given_up) AS given_up
"""


async def queue_missing(
    session: AsyncSession, device_id: UUID, times: Sequence[datetime], *, repair: bool
) -> Queued:
    """Have readings of a device pushed again, unless they wait already or were given up.

    Without `repair` nothing is queued.
    """
    given = {"device_id": device_id, "times": list(times), "reason": MISSING, "repair": repair}
    return await row_of(session, Queued, _QUEUE_MISSING, given)
