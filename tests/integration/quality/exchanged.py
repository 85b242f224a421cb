"""A meter that was exchanged, as the judge proposes it: readings, the event, and what is asked of both stacks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.core import energy
from portal.core.energy.rules.event_codes import code_of_kind, code_of_reason
from portal.core.energy.rules.judging import RegisterFacts, judge, proposals_of
from portal.core.quality.queries.registers import readings_between
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.stack import Stack
from portal.core.values.time import instant_of

START = datetime(2026, 5, 18, 6, 0, tzinfo=UTC)
OLD = [(START + n * timedelta(minutes=10), 127_000.0 + n) for n in range(60)]
NEW = [(OLD[-1][0] + timedelta(minutes=70 + 10 * n), 61_200.0 + n) for n in range(60)]

_PROPOSED = """
INSERT INTO {meter_events} (
    {customer_id,} device_id, kind, at, until, readings, closing_milliwh, opening_milliwh, milliwh, reasons, watts
) VALUES ({:customer_id,} :device_id, :kind, :at, :until, :readings, :closing, :opening, :milliwh, :reasons, :watts)
ON CONFLICT DO NOTHING
"""


async def store(stack: Stack, device: UUID, rows: list[tuple[datetime, float]]) -> None:
    sent = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in rows]
    assert (await readings.import_readings(stack, device, sent)).accepted == len(rows)


async def propose(stack: Stack, key: tuple[UUID, ...]) -> None:
    """Bring energy up to date, and with it the events that the judge proposes."""
    await energy.refresh(stack)
    async with stack.db.transaction() as session:
        first, last = OLD[0][0] - timedelta(days=30), NEW[-1][0] + timedelta(days=30)
        found = await readings_between(session, stack.layout, key, first, last, 10_000)
        for each in proposals_of(judge(found, RegisterFacts())):
            given: dict[str, Any] = {
                **stack.layout.given(key),
                "kind": code_of_kind(each.kind),
                "at": instant_of(each.at),
                "until": instant_of(each.until),
                "readings": each.readings,
                "closing": each.closing_milliwh,
                "opening": each.opening_milliwh,
                "milliwh": each.milliwh,
                "reasons": [code_of_reason(reason) for reason in each.reasons],
                "watts": each.watts,
            }
            await session.execute(text(stack.layout.sql(_PROPOSED)), given)


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
