"""Ingest events go with their age; readings never do."""

from datetime import datetime, timedelta

from sqlalchemy import text

from portal.core.fleet.service import customers, event_upkeep
from portal.core.stack import Stack
from tests.integration.databases import Clock
from tests.integration.fleet.test_customer_list import execute


async def test_old_events_go_but_the_last_of_each_customer(admin_stack: Stack, clock: Clock) -> None:
    kept = admin_stack.settings.fleet_ingest.keep_events_days
    for code, ages in (("busy", (kept + 9, kept + 1, kept - 1, 0)), ("silent", (kept + 20, kept + 10))):
        made = await customers.register(admin_stack, code, code)
        for age in ages:
            await execute(
                admin_stack,
                "INSERT INTO fleet.ingest_events (customer_id, batch_type, received_at) VALUES (:c, 'sites', :at)",
                c=made.id,
                at=clock.now - timedelta(days=age),
            )
    assert await event_upkeep.forget_old_events(admin_stack) == 3
    assert await event_upkeep.forget_old_events(admin_stack) == 0
    assert await _ages(admin_stack, clock.now) == {"busy": [0, kept - 1], "silent": [kept + 10]}


async def _ages(stack: Stack, now: datetime) -> dict[str, list[int]]:
    asked = (
        "SELECT c.code, e.received_at FROM fleet.ingest_events e JOIN fleet.customers c ON c.id = e.customer_id "
        "ORDER BY e.received_at DESC"
    )
    found: dict[str, list[int]] = {}
    async with stack.db.snapshot() as session:
        for code, at in await session.execute(text(asked)):
            found.setdefault(code, []).append((now - at).days)
    return found
