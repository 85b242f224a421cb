"""A meter that was exchanged, as the judge proposes it: readings, the event, and what is asked of both stacks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.stack import Stack

START = datetime(2026, 5, 18, 6, 0, tzinfo=UTC)
OLD = [(START + n * timedelta(minutes=10), 127_000.0 + n) for n in range(60)]
NEW = [(OLD[-1][0] + timedelta(minutes=70 + 10 * n), 61_200.0 + n) for n in range(60)]


async def store(stack: Stack, device: UUID, rows: list[tuple[datetime, float]]) -> None:
    sent = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in rows]
    assert (await readings.import_readings(stack, device, sent)).accepted == len(rows)


@dataclass
class Exchanged:
    """A Client's meter with an exchange that waits for a decision."""

    stack: Stack
    device: UUID

    async def decisions(self) -> list[tuple[Any, ...]]:
        async with self.stack.db.transaction() as session:
            found = await session.execute(
                text(
                    "SELECT says ->> 'kind', undoes, note, author FROM monitoring.meter_decisions ORDER BY decided_at"
                )
            )
            return [tuple(row) for row in found]
