"""What readings teach of a meter: the bound where no rated power is known, and what one count is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.energy.rules.event_codes import code_of_kind
from portal.core.energy.rules.judging import ProposalKind, RegisterFacts, judge
from portal.core.energy.rules.meter_rules import USUAL_WIDTH
from portal.core.energy.service import learn_anew
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, Meter, new_meter
from tests.integration.energy.test_judged_storage import require_as_judged

QUARTER = timedelta(minutes=15)
RISING = [(START + n * QUARTER, 5_000 + n * 3.1) for n in range(70 * 4)]


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def known(meter: Meter) -> tuple[Any, ...]:
    [row] = await meter._rows(
        "SELECT learned_watts, count_milliwh FROM {meter_heads} "
        "WHERE {customer_id = :customer_id AND} device_id = :device_id"
    )
    return tuple(row)


async def rungs(meter: Meter) -> list[tuple[Any, ...]]:
    kind = code_of_kind(ProposalKind.LEARNED_BOUND)
    rows = await meter._rows(
        f"SELECT at, watts FROM {{meter_events}} WHERE kind = {kind} "
        "AND {customer_id = :customer_id AND} device_id = :device_id ORDER BY at"
    )
    return [tuple(row) for row in rows]


async def passes(stack: Stack) -> int:
    async with stack.db.snapshot() as session:
        return await energy.count_passes(session, stack.layout)


async def test_a_bound_is_learned_once_there_are_two_days_and_judges_all_again(stack: Stack) -> None:
    """A jump of 100 kWh within a quarter of an hour is believed of a meter of 1,000 kW, and of none of 100."""
    meter = await new_meter(stack)
    jump = [*RISING[:201], *((at, kwh + 100) for at, kwh in RISING[201:])]
    await meter.store(jump[:40])
    await energy.refresh(stack)
    assert await learn_anew(stack, is_weekly=False) == 0
    await meter.store(jump[40:])
    await energy.refresh(stack)
    assert await known(meter) == (None, None)
    assert await learn_anew(stack, is_weekly=False) == 1
    assert await known(meter) == (100_000, 100_000)
    assert [watts for _, watts in await rungs(meter)] == [100_000]
    assert await passes(stack) == 1
    await energy.refresh(stack)
    facts = RegisterFacts(learned_watts=100_000, count_milliwh=100_000, width_milliwh=USUAL_WIDTH)
    readings = [((at - _EPOCH) // timedelta(microseconds=1), round(kwh * 1e6)) for at, kwh in jump]
    await require_as_judged(meter, judge(readings, facts))
    assert await learn_anew(stack, is_weekly=True) == 0


async def test_of_a_rated_meter_only_the_count_is_learned(stack: Stack) -> None:
    meter = await new_meter(stack, 40)
    await meter.store(RISING)
    await energy.refresh(stack)
    await learn_anew(stack, is_weekly=True)
    assert await known(meter) == (None, 100_000)
    assert await rungs(meter) == []


async def test_energy_computed_again_is_judged_by_what_is_learned_first(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store(RISING)
    await energy.recompute(stack, [meter.key])
    await energy.refresh(stack)
    assert await known(meter) == (100_000, 100_000)
    # Nothing new is learned of the same readings, and a bound never falls.
    await energy.recompute(stack, [meter.key])
    async with stack.db.transaction() as session:
        await session.execute(text(stack.layout.sql("UPDATE {meter_heads} SET learned_watts = 300000")))
    await energy.refresh(stack)
    assert await known(meter) == (300_000, 100_000)


_EPOCH = START - timedelta(microseconds=round(START.timestamp() * 1e6))
