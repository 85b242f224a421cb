"""Values that came beside those of a reading, and that the Admin was not sent yet.

They travel as readings: a value that conflicts is just another row for its instant, of which the Admin makes the same
conflict by the same rule. Its reading goes first, since an Admin of an earlier release keeps what came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import rows_of
from portal.core.database.small_keys import OWN_CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class WaitingConflict(NamedTuple):
    """A conflicting value: `quantity` is its place in ALL_QUANTITIES, `value` as it is stored."""

    device_id: UUID
    meter: int
    time: datetime
    quantity: int
    value: int
    tries: int


# Where the reading itself waits, was refused or given up, its conflicts wait as well.
_DUE = """
SELECT d.id AS device_id, c.meter, c.time, c.quantity, c.value, c.tries
FROM app.push_conflicts c JOIN monitoring.devices d ON d.customer = :own_customer AND d.meter = c.meter
WHERE (c.next_attempt_at IS NULL OR c.next_attempt_at <= :now)
  AND NOT EXISTS (
    SELECT 1 FROM app.push_outbox o WHERE o.device_id = d.id AND c.time BETWEEN o.first_at AND o.last_at)
  AND NOT EXISTS (SELECT 1 FROM app.push_retries r WHERE r.device_id = d.id AND r.time = c.time)
  AND NOT EXISTS (
    SELECT 1 FROM app.push_dead_letters l
    WHERE l.resource_type = 'measurements' AND l.device_id = d.id AND l.time = c.time)
  AND NOT EXISTS (
    SELECT 1 FROM app.push_decisions p WHERE p.action = 'discard' AND p.device_id = d.id AND p.time = c.time)
ORDER BY c.meter, c.time, c.value, c.quantity
LIMIT :limit
"""
_OF_ARRAYS = (
    "unnest(CAST(:meters AS integer[]), CAST(:times AS timestamptz[]), CAST(:quantities AS smallint[]), "
    "CAST(:values AS bigint[])) AS k(meter, time, quantity, value) "
    "WHERE (c.meter, c.time, c.quantity, c.value) = (k.meter, k.time, k.quantity, k.value)"
)
# Only what is there: a value that fell away with its device is no more the Admin's to know.
_QUEUE = """
INSERT INTO app.push_conflicts (meter, time, quantity, value)
SELECT c.meter, c.time, c.quantity, c.value
FROM monitoring.devices d JOIN monitoring.reading_conflicts c ON c.customer = d.customer AND c.meter = d.meter
WHERE d.id = :device_id AND c.time >= :from_at AND c.time < :to_at
ON CONFLICT DO NOTHING
"""


async def due_conflicts(session: AsyncSession, limit: int, now: datetime) -> Sequence[WaitingConflict]:
    """Return at most `limit` values that are due at `now` and whose readings are at the Admin, by device and time."""
    given = {"limit": limit, "now": now, "own_customer": OWN_CUSTOMER}
    return await rows_of(session, WaitingConflict, _DUE, given)


async def drop(session: AsyncSession, conflicts: Sequence[WaitingConflict]) -> None:
    """Forget values that the Admin has, or never takes; what is kept of them here stays."""
    await session.execute(text(f"DELETE FROM app.push_conflicts c USING {_OF_ARRAYS}"), _arrays(conflicts))


async def postpone(session: AsyncSession, conflicts: Sequence[WaitingConflict], until: datetime) -> None:
    """Count a try of values that the Admin refused; the next is at `until`."""
    await session.execute(
        text(
            f"UPDATE app.push_conflicts c SET tries = tries + 1, next_attempt_at = :until FROM {_OF_ARRAYS}"
        ),
        {**_arrays(conflicts), "until": until},
    )


async def queue_conflicts(session: AsyncSession, device_id: UUID, from_at: datetime, to_at: datetime) -> None:
    """Have the values beside the readings of a device of [from_at, to_at) sent again."""
    await session.execute(text(_QUEUE), {"device_id": device_id, "from_at": from_at, "to_at": to_at})


def _arrays(conflicts: Sequence[WaitingConflict]) -> dict[str, object]:
    return {
        "meters": [each.meter for each in conflicts],
        "times": [each.time for each in conflicts],
        "quantities": [each.quantity for each in conflicts],
        "values": [each.value for each in conflicts],
    }
