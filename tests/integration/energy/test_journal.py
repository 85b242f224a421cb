"""What changes in days that were over is kept: hours can be read as they stood after every refresh."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal.core import energy
from portal.core.database.rows import value_of
from portal.core.energy.queries.journal import JournalAsked, as_it_stood, restated_since
from portal.core.energy.rules.live import ALL_STORED, Amounts
from portal.core.energy.rules.stored_words import RestatedBecause
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, Meter, new_meter, register_histories

LAW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINE = [(START + n * timedelta(minutes=30), 1000.0 + n) for n in range(200)]


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


Energy = dict[datetime, tuple[int, int, int]]


async def _energy(meter: Meter) -> Energy:
    """What is stored of each hour: billed, in gaps, estimated; those without any left out."""
    return {hour: each[:3] for hour, each in (await meter.hours()).items() if any(each[:3])}


async def _now(stack: Stack) -> datetime:
    async with stack.db.transaction() as session:
        found = await value_of(session, datetime, "SELECT clock_timestamp()")
    assert found is not None
    return found


async def _stood(meter: Meter, at: datetime) -> Energy:
    """The hours as they stood."""
    stack = meter.stack
    customer = stack.layout.customer_of(meter.key)
    asked = JournalAsked(START - timedelta(days=400), START + timedelta(days=400), at, customer)
    async with stack.db.snapshot() as session:
        live = await as_it_stood(session, stack.layout, asked, ALL_STORED)
    found = dict(await _energy(meter))
    for each in live.between(asked.from_at, asked.to_at):
        assert each.stored == Amounts(*_amounts(found.get(each.hour, (0, 0, 0))), *each.stored[3:])
        found[each.hour] = (
            each.now.allocated_milliwh,
            each.now.unallocated_milliwh,
            each.now.estimated_milliwh,
        )
    return {hour: each for hour, each in found.items() if any(each)}


def _amounts(energy: tuple[int, int, int]) -> tuple[int, int, int]:
    return energy[0], energy[2], energy[1]


async def _reasons(meter: Meter) -> list[RestatedBecause | None]:
    stack = meter.stack
    asked = JournalAsked(
        START - timedelta(days=9), START + timedelta(days=99), customer_id=stack.layout.customer_of(meter.key)
    )
    async with stack.db.snapshot() as session:
        return [each.cause for each in await restated_since(session, stack.layout, asked)]


@given(register_histories(), st.integers(0, 2**32))
@LAW
async def test_hours_are_read_as_they_stood_after_every_refresh(
    stack: Stack, history: list[tuple[datetime, float]], seed: int
) -> None:
    meter = await new_meter(stack)
    rows, chance = list(dict(history).items()), Random(f"journal {seed}")
    if chance.random() < 0.5:
        chance.shuffle(rows)
    states: list[tuple[datetime, Energy]] = [(await _now(stack), {})]
    while rows:
        some = chance.randrange(1, len(rows) + 1)
        await meter.store([*rows[:some]])
        del rows[:some]
        await energy.refresh(stack)
        states.append((await _now(stack), await _energy(meter)))
    for at, state in states:
        assert await _stood(meter, at) == state


async def test_what_is_computed_again_and_comes_out_the_same_is_no_restatement(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store([*LINE])
    await energy.refresh(stack)
    before = await _reasons(meter)
    await energy.recompute(stack)
    await energy.refresh(stack)
    assert await _reasons(meter) == before
    assert set(before) == {RestatedBecause.LATE_READING}


async def test_a_day_that_is_still_open_is_not_restated(stack: Stack) -> None:
    meter = await new_meter(stack)
    now = (await _now(stack)).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first = now - timedelta(hours=20)
    await meter.store([(first + n * timedelta(hours=1), 100.0 + n) for n in range(20)])
    await energy.refresh(stack)
    await meter.store([(first + timedelta(minutes=30), 100.2)])
    await energy.refresh(stack)
    async with stack.db.transaction() as session:
        count = await session.scalar(text(stack.layout.sql("SELECT count(*) FROM {restated_days}")))
    assert count == 0
