"""Values that came beside those of a reading, and that the Admin was not sent yet.

They travel as readings: a value that conflicts is just another row for its instant, of which the Admin makes the same
conflict by the same rule. Its reading goes first, since an Admin of an earlier release keeps what came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import rows_of, value_of
from portal.core.database.small_keys import OWN_CUSTOMER
from portal.core.energy.rules.registers import IMPORTED_QUANTITY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.readings.queries.held_readings import ValueBeside


class WaitingConflict(NamedTuple):
    """A conflicting value: `quantity` is its place in ALL_QUANTITIES, `value` as it is stored."""

    device_id: UUID
    meter: int
    time: datetime
    quantity: int
    value: int
    tries: int


# A reading that was given up stays away until a person has it tried again, one that was discarded for good.
_OF_READING_NOT_GIVEN_UP = """NOT EXISTS (
    SELECT 1 FROM app.push_dead_letters l
    WHERE l.resource_type = 'measurements' AND l.device_id = d.id AND l.time = c.time)
  AND NOT EXISTS (
    SELECT 1 FROM app.push_decisions p WHERE p.action = 'discard' AND p.device_id = d.id AND p.time = c.time)"""
# Where the reading itself waits, was refused or given up, its conflicts wait as well. Whether it waits is told from the
# oldest of all that does: what was stored or last changed before that is at the Admin. Looking for the very entry would
# take as many steps as there are values times entries, and either may be a month's.
_DUE = f"""
SELECT d.id AS device_id, c.meter, c.time, c.quantity, c.value, c.tries
FROM app.push_conflicts c JOIN monitoring.devices d ON d.customer = :own_customer AND d.meter = c.meter
CROSS JOIN LATERAL (
    SELECT r.received FROM monitoring.readings r
    WHERE r.customer = d.customer AND r.meter = d.meter AND r.time = c.time OFFSET 0
) r
WHERE (c.next_attempt_at IS NULL OR c.next_attempt_at <= :now)
  AND r.received < (
    SELECT coalesce(min(floor(extract(epoch FROM o.received_at) - 946684800)), 2147483647) FROM app.push_outbox o)
  AND NOT EXISTS (SELECT 1 FROM app.push_retries r WHERE r.device_id = d.id AND r.time = c.time)
  AND {_OF_READING_NOT_GIVEN_UP}
ORDER BY c.meter, c.time, c.value, c.quantity
LIMIT :limit
"""
# An expression: how many values wait.
WAITING_CONFLICTS = f"""(
    SELECT count(*)
    FROM app.push_conflicts c JOIN monitoring.devices d ON d.customer = {OWN_CUSTOMER} AND d.meter = c.meter
    WHERE {_OF_READING_NOT_GIVEN_UP})"""
_OF_ARRAYS = (
    "unnest(CAST(:meters AS integer[]), CAST(:times AS timestamptz[]), CAST(:quantities AS smallint[]), "
    "CAST(:values AS bigint[])) AS k(meter, time, quantity, value) "
    "WHERE (c.meter, c.time, c.quantity, c.value) = (k.meter, k.time, k.quantity, k.value)"
)
_OF_DEVICE = (
    "monitoring.devices d CROSS JOIN unnest(CAST(:times AS timestamptz[]), CAST(:quantities AS smallint[]), "
    "CAST(:values AS bigint[])) AS k(time, quantity, value) WHERE d.id = :device_id"
)
# A value that fell away with its device is no more the Admin's to know.
_QUEUE = f"""
INSERT INTO app.push_conflicts (meter, time, quantity, value)
SELECT d.meter, k.time, k.quantity, k.value FROM {_OF_DEVICE}
ON CONFLICT DO NOTHING
"""
_TAKE_BACK = f"""
WITH taken AS (
    INSERT INTO monitoring.reading_conflicts (customer, meter, time, quantity, value)
    SELECT d.customer, d.meter, k.time, k.quantity, k.value FROM {_OF_DEVICE}
    ON CONFLICT DO NOTHING RETURNING customer, meter, time, quantity
), queued AS (
    INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts)
    SELECT customer, array_agg(meter), array_agg(date_trunc('hour', time, 'UTC')), array_agg(time)
    FROM taken WHERE quantity = {IMPORTED_QUANTITY} GROUP BY customer
)
SELECT count(*) FROM taken
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


async def queue_conflicts(session: AsyncSession, device_id: UUID, values: Sequence[ValueBeside]) -> None:
    """Have values beside the readings of a device sent again."""
    await session.execute(text(_QUEUE), {"device_id": device_id, **_values(values)})


async def take_back(session: AsyncSession, device_id: UUID, values: Sequence[ValueBeside]) -> int:
    """Keep values that the Admin has beside the readings of a device; returns how many were not here."""
    return await value_of(session, int, _TAKE_BACK, {"device_id": device_id, **_values(values)}) or 0


def _arrays(conflicts: Sequence[WaitingConflict]) -> dict[str, object]:
    return {"meters": [each.meter for each in conflicts], **_values(conflicts)}


def _values(values: Sequence[WaitingConflict] | Sequence[ValueBeside]) -> dict[str, object]:
    return {
        "times": [each.time for each in values],
        "quantities": [each.quantity for each in values],
        "values": [each.value for each in values],
    }
