"""Of a history that is left to a recompute pass nothing is counted twice or claimed, and no end waits for the pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.energy import moment, trigger
from portal.core.energy.queries import append
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.time import floor_hour
from tests.integration.databases import Stacks, downgrade
from tests.integration.energy.metering import START, Meter, expected_figures, expected_hours, new_meter

DENSE_AT = START + timedelta(days=40)
STEP = timedelta(minutes=10)
FAR = [(START + timedelta(hours=8 * i), 10.0 + i) for i in range(120)]
DENSE = [(DENSE_AT + i * STEP, 200.0 + i / 8) for i in range(12)]


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


@pytest.fixture
async def meter(stack: Stack) -> Meter:
    """A meter whose first readings are a history so long that a refresh leaves it to a pass."""
    meter = await new_meter(stack)
    await meter.store([*FAR, *DENSE])
    return meter


async def _passes(stack: Stack) -> int:
    async with stack.db.snapshot() as session:
        return await energy.count_passes(session, stack.layout)


@pytest.mark.parametrize("share", [-1, 1000], ids=["all at once", "meter by meter"])
async def test_a_new_reading_adds_nothing_that_was_stored_before_it(
    stack: Stack, meter: Meter, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "_SHARE_TO_READ_AT_ONCE", share)
    await energy.refresh_queue(stack)
    assert await _passes(stack) == 1
    other = await new_meter(stack)
    new = (DENSE_AT + 12 * STEP, 201.5)
    await other.store([(DENSE_AT, 1.0)])
    await meter.store([new])
    await energy.refresh_queue(stack)
    assert await _passes(stack) == 1
    assert await meter.figures() == expected_figures([*FAR, *DENSE, new])
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE, new])


async def test_an_answer_goes_no_further_than_the_readings_that_a_pass_has_left(
    stack: Stack, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(moment, "_wait_for_refresh", nothing)
    stored_at = await _queued_at(stack)
    await energy.refresh_queue(stack)
    now = replace(stack, clock=lambda: datetime.now(UTC))
    async with energy.counted(now, stack.layout.customer_of(meter.key)) as counted:
        assert not counted.as_of.is_complete
        assert counted.as_of.at == stored_at


async def test_an_earlier_release_finds_queued_what_a_pass_has_left(stack: Stack, meter: Meter) -> None:
    await energy.refresh_queue(stack)
    mode = stack.settings.run_mode
    await downgrade(stack.db, mode, "admin_0006" if mode is RunMode.ADMIN else "client_0008")
    async with stack.db.snapshot() as session:
        queued = await session.scalars(
            text(stack.layout.sql("SELECT hour FROM {rollup_queue} ORDER BY hour"))
        )
        assert list(queued) == sorted({floor_hour(at) for at, _ in [*FAR, *DENSE]})
    await migrate(stack.db, mode)
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE])
    assert await _passes(stack) == 0


async def _queued_at(stack: Stack) -> datetime:
    async with stack.db.snapshot() as session:
        found: Any = await session.scalar(
            text(stack.layout.sql("SELECT min(queued_at) FROM {rollup_batches}"))
        )
    return found


async def test_an_end_does_not_wait_for_a_long_pass(
    stack: Stack, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trigger, "_LAST_SECONDS", 0, raising=False)
    refreshing = energy.Trigger()
    refreshing(stack)
    await refreshing.drain()
    assert await _passes(stack) == 1
    refreshing(stack)
    monkeypatch.setattr(trigger, "_LAST_SECONDS", 60)
    await refreshing.drain()
    assert await _passes(stack) == 0
