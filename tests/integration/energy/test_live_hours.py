"""An answer about energy waits for no refresh: what is queued is computed with it, and what is too much is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from portal.core import energy
from portal.core.energy import moment as module
from portal.core.energy.queries import append, live
from portal.core.energy.rules.live import NOTHING, Amounts
from portal.core.errors import Unavailable
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import START, Meter, expected_hours, new_meter, register_histories
from tests.length import usual_or_long

LAW = settings(
    max_examples=usual_or_long(12, 40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    """One stack of either run mode for all examples of a test; each example brings a meter of its own."""
    return await (stacks.client() if request.param == "client" else stacks.admin())


@pytest.fixture(params=["meter by meter", "all at once"])
def way_of_reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have new readings read in the one or the other way, whatever would be quicker."""
    monkeypatch.setattr(append, "_SHARE_TO_READ_AT_ONCE", -1 if request.param == "all at once" else 1000)
    monkeypatch.setattr(append, "_READ_AT_ONCE", timedelta.max)


@pytest.fixture
def nobody_refreshes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Stack, __: float) -> None: ...

    monkeypatch.setattr(module, "_wait_for_refresh", nothing)


@asynccontextmanager
async def a_refresh_under_way(stack: Stack) -> AsyncIterator[None]:
    """Hold what a refresh holds, for as long as the block takes."""
    schema = "monitoring" if stack.settings.run_mode.value == "Client" else "fleet"
    async with stack.db.transaction() as session:
        await session.execute(text(f"LOCK TABLE {schema}.refresh_lock IN EXCLUSIVE MODE"))
        yield


_STORED = """
SELECT hour, allocated_milliwh, estimated_milliwh, unallocated_milliwh, suspect_count, is_covered::integer
FROM {hourly_energy}
WHERE {customer_id = :customer_id AND} device_id = :device_id
"""


async def _told(meter: Meter) -> tuple[bool, dict[datetime, Amounts]]:
    """What an answer would say of each hour of a meter, and whether that is all."""
    async with energy.counted(meter.stack, meter.layout.customer_of(meter.key)) as counted:
        rows = await counted.session.execute(text(meter.layout.sql(_STORED)), meter.layout.given(meter.key))
        found = {row.hour: Amounts(*row[1:]) for row in rows}
        for each in counted.live.between(datetime.min.replace(tzinfo=UTC), energy.FOR_EVER):
            if each.key == meter.key:
                stored = found.get(each.hour, NOTHING)
                assert stored == each.stored
                found[each.hour] = Amounts(*(a + b for a, b in zip(stored, each.change, strict=True)))
        return counted.as_of.is_complete, {hour: each for hour, each in found.items() if any(each)}


def _expected(history: list[tuple[datetime, float]]) -> dict[datetime, Amounts]:
    hours = expected_hours(history)
    said = {hour: Amounts(each[0], each[2], each[1], each[3], int(each[4])) for hour, each in hours.items()}
    return {hour: each for hour, each in said.items() if any(each)}


@LAW
@given(history=register_histories(), data=st.data())
async def test_what_is_queued_counts_as_if_it_were_stored(
    stack: Stack,
    way_of_reading: None,
    nobody_refreshes: None,
    history: list[tuple[datetime, float]],
    data: Any,
) -> None:
    meter = await new_meter(stack)
    arriving = data.draw(st.one_of(st.just(history), st.permutations(history)))
    is_in_order = list(arriving) == history
    so_far: list[tuple[datetime, float]] = []
    while arriving:
        count = data.draw(st.integers(1, len(arriving)))
        await meter.store(arriving[:count])
        so_far, arriving = [*so_far, *arriving[:count]], arriving[count:]
        is_complete, told = await _told(meter)
        assert is_complete or not is_in_order
        if is_complete:
            assert told == _expected(so_far)
        if data.draw(st.booleans()):
            await energy.refresh(stack)
    await energy.refresh(stack)
    assert await _told(meter) == (True, _expected(history))


async def test_readings_in_order_and_a_late_one_are_told_while_a_refresh_is_under_way(stack: Stack) -> None:
    meter = await new_meter(stack)
    history = [(START + timedelta(minutes=15 * i), 100 + i / 2) for i in range(200)]
    late, history = history[7], history[:7] + history[8:]
    await meter.store(history[:150])
    await energy.refresh(stack)
    await meter.store([*history[150:], late])
    async with a_refresh_under_way(stack), asyncio.timeout(60):
        assert await _told(meter) == (True, _expected([*history, late]))


async def test_what_is_too_much_is_left_out_and_said(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = await new_meter(stack), await new_meter(stack)
    stored = [(START + timedelta(minutes=15 * i), 100 + i / 2) for i in range(40)]
    queued = [(START + timedelta(minutes=15 * i), 100 + i / 2) for i in range(40, 80)]
    for meter in (few, many):
        await meter.store(stored)
    await energy.refresh(stack)
    await many.store(queued)
    await few.store(queued[:1])
    monkeypatch.setattr(live, "_MOST_HOURS", 3)
    async with a_refresh_under_way(stack), asyncio.timeout(60):
        assert (await _told(few))[1] == _expected([*stored, queued[0]])
        is_complete, told = await _told(many)
        # The refresh that was asked for goes on where the answer did not wait any more.
        assert stack.shared.running_since(energy.refresh) is not None
    assert (is_complete, told) == (False, _expected(stored))
    async with asyncio.timeout(60):
        while stack.shared.running_since(energy.refresh) is not None:  # noqa: ASYNC110 - it knows of no event
            await asyncio.sleep(0.01)
    assert await _told(many) == (True, _expected([*stored, *queued]))


async def test_an_answer_says_since_when_something_waits(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch, nobody_refreshes: None
) -> None:
    monkeypatch.setattr(live, "_MOST_HOURS", 0)
    meter = await new_meter(client_stack)
    async with energy.counted(client_stack) as counted:
        assert (counted.as_of.at, counted.as_of.is_complete) == (client_stack.clock(), True)
    await meter.store([(START, 1.0), (START + timedelta(minutes=15), 2.0)])
    much_later = datetime.now(UTC) + timedelta(hours=1)
    async with energy.counted(replace(client_stack, clock=lambda: much_later)) as counted:
        as_of = counted.as_of
    assert not as_of.is_complete
    assert client_stack.clock() < as_of.at < much_later - timedelta(minutes=50)


async def test_a_computation_that_takes_too_long_is_left_out(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, nobody_refreshes: None
) -> None:
    meter = await new_meter(stack)
    await meter.store([(START, 1.0), (START + timedelta(minutes=15), 2.0)])
    compute = live.compute
    looks = 0

    async def slow(session: Any, *args: Any) -> Any:
        nonlocal looks
        looks += 1
        await session.execute(text("SET LOCAL statement_timeout = 20"))
        await session.execute(text("SELECT pg_sleep(5)"))
        return await compute(session, *args)

    monkeypatch.setattr(live, "compute", slow)
    assert await _told(meter) == (False, {})
    assert looks == 1


async def test_all_that_is_computed_for_an_answer_has_one_limit(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, nobody_refreshes: None
) -> None:
    meter = await new_meter(stack)
    history = [(START, 5.0), (START + timedelta(minutes=15), 1.0), (START + timedelta(minutes=30), 2.0)]
    await meter.store(history)
    clean_runs, judged_now, limits = live.clean_runs, live.judged_now, list[int]()

    async def slow(session: Any, *args: Any) -> Any:
        await asyncio.sleep(0.1)
        return await clean_runs(session, *args)

    async def noting(session: Any, *args: Any) -> Any:
        limit = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
        limits.append(await session.scalar(text(limit)))
        return await judged_now(session, *args)

    monkeypatch.setattr(live, "clean_runs", slow)
    monkeypatch.setattr(live, "judged_now", noting)
    assert await _told(meter) == (True, _expected(history))
    assert 0 < limits.pop() <= 59_900
    monkeypatch.setattr(live, "_LONGEST_SECONDS", 0.1)
    assert await _told(meter) == (False, {})
    assert limits == []


async def test_nobody_is_told_of_another_customer(stacks: Stacks) -> None:
    stack = await stacks.admin()
    alices, charlies = await new_meter(stack), await new_meter(stack)
    for meter in (alices, charlies):
        await meter.store([(START, 1.0), (START + timedelta(minutes=15), 2.0)])
    async with energy.counted(stack, alices.key[0]) as counted:
        assert {each.key for each in counted.live.between(START, energy.FOR_EVER)} == {alices.key}
    async with energy.counted(stack) as counted:
        told = {each.key for each in counted.live.between(START, energy.FOR_EVER)}
    assert told == {alices.key, charlies.key}


async def test_patience_is_spent_once_on_a_refresh_that_does_not_end(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_HOURS", 0)
    meter = await new_meter(stack)
    await meter.store([(START, 1.0), (START + timedelta(minutes=15), 2.0)])
    waited: list[float] = []
    wait = module._wait_for_refresh

    async def noting(stack: Stack, seconds: float) -> None:
        waited.append(seconds)
        await wait(stack, seconds)

    monkeypatch.setattr(module, "_wait_for_refresh", noting)
    async with a_refresh_under_way(stack), asyncio.timeout(60):
        for _ in range(3):
            assert await _told(meter) == (False, {})
    assert waited == [0.2]


async def test_a_refresh_that_fails_when_nobody_waits_any_more_is_noted(
    client_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, failed = asyncio.Event(), asyncio.Event()

    async def refresh(*_: object, **__: object) -> int:
        await failing.wait()
        failed.set()
        raise Unavailable("away")

    monkeypatch.setattr(module, "refresh", refresh)
    monkeypatch.setattr(module, "_outage", Outage(logger("energy"), "Hours are not refreshed"))
    with capture_logs() as events:
        for _ in range(2):
            await module._wait_for_refresh(client_stack, 0.01)
            assert [each["event"] for each in events] == []
        failing.set()
        async with asyncio.timeout(10):
            await failed.wait()
    assert [each["event"] for each in events] == ["Hours are not refreshed"]


async def test_a_long_pass_is_neither_waited_for_nor_worked_at_by_an_answer(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, history = await _refreshed(stack)
    await energy.recompute(stack)
    async with stack.db.transaction() as session:
        long_ago = "UPDATE {recompute_passes} SET asked_at = now() - interval '1 minute'"
        await session.execute(text(meter.layout.sql(long_ago)))
    wait = module._wait_for_refresh

    async def waiting(*_: object) -> None:
        pytest.fail("an answer waits for a pass that goes on for a minute")

    monkeypatch.setattr(module, "_wait_for_refresh", waiting)
    assert await _told(meter) == (False, _expected(history))
    assert await _passes(stack, meter) == 1
    # One that was asked for just now may be over in a moment, which on a busy machine is a long one.
    monkeypatch.setattr(live, "_A_MOMENT", "30 seconds")
    monkeypatch.setattr(module, "_wait_for_refresh", wait)
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 10)
    await energy.recompute(stack)
    assert await _told(meter) == (True, _expected(history))


async def test_passes_are_gone_on_with_for_as_long_as_is_said(stack: Stack) -> None:
    meter, _ = await _refreshed(stack)
    await energy.recompute(stack)
    await energy.refresh(stack, pass_seconds=0)
    assert await _passes(stack, meter) == 1
    await energy.refresh(stack)
    assert await _passes(stack, meter) == 0


async def _refreshed(stack: Stack) -> tuple[Meter, list[tuple[datetime, float]]]:
    meter = await new_meter(stack)
    history = [(START + timedelta(minutes=15 * number), float(number)) for number in range(8)]
    await meter.store(history)
    await energy.refresh(stack)
    return meter, history


async def _passes(stack: Stack, meter: Meter) -> int:
    async with stack.db.snapshot() as session:
        return await energy.count_passes(session, meter.layout)
