"""A cost answer says what seems to have happened to meters, and from when on it may still change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.cost.wire import cost_answer, fleet_cost_answer
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import Meter, new_meter
from tests.integration.energy.test_judged_storage import store

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=15)
DAYS = 10


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


def micro(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def history() -> list[tuple[int, int]]:
    """Ten days, with an exchange on the third, a zero on the fifth and twelve hours of zeros on the sixth."""
    rows: list[tuple[int, int]] = []
    for n in range(DAYS * 96):
        shown = 50_000_000_000 + n * 500_000 if n < 250 else 3_000_000_000 + n * 500_000
        if n == 400 or 500 <= n < 548:
            shown = 0
        rows.append((micro(START + n * STEP), shown))
    return rows


async def answer(meter: Meter, first_day: int, last_day: int) -> Any:
    stack = meter.stack
    window = START + timedelta(days=first_day), START + timedelta(days=last_day)
    customer_id = stack.layout.customer_of(meter.key)
    if customer_id is None:
        return cost_answer(await cost.client_cost(stack, *window))
    return fleet_cost_answer(customer_id, await cost.fleet_cost(stack, customer_id, *window))


async def test_events_and_what_is_provisional_are_told(stack: Stack) -> None:
    meter = await new_meter(stack, 40)
    rows = history()
    await store(meter, rows)
    # A second value for an instant, less than the first.
    await store(meter, [(rows[100][0], rows[99][1])])
    await energy.refresh(stack)
    whole = await answer(meter, 0, DAYS)
    assert [event.kind for event in whole.meter_events] == ["conflict", "exchange", "glitch"]
    assert [event.readings for event in whole.meter_events] == [1, 1, 48]
    assert whole.meter_events[2].reasons == ["zero"]
    assert (whole.meter_event_count, whole.conflicts, whole.suspect_readings) == (4, 1, 50)
    last_at = START + (DAYS * 96 - 1) * STEP
    assert whole.provisional_from is not None
    assert last_at - timedelta(days=1) <= whole.provisional_from < last_at
    early = await answer(meter, 0, 1)
    assert (early.meter_events, early.meter_event_count, early.provisional_from) == ([], 0, None)
    assert (await answer(meter, 1, 2)).conflicts == 1


async def test_what_is_not_judged_for_good_is_provisional_from_the_beginning(stack: Stack) -> None:
    meter = await new_meter(stack, 40)
    await store(meter, history()[:10])
    await energy.refresh(stack)
    found = await answer(meter, 0, 2)
    assert found.provisional_from == START


async def test_nobody_is_told_of_another_customers_events(stacks: Stacks) -> None:
    admin = await stacks.admin()
    alice, charlie = await new_meter(admin, 40), await new_meter(admin, 40)
    await store(charlie, history())
    await energy.refresh(admin)
    found = await answer(alice, 0, DAYS)
    assert (found.meter_event_count, found.meter_events, found.provisional_from) == (0, [], None)
