"""Stored energy is the energy rule over all readings, whatever the order and the batches in which they came."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal.core import energy
from portal.core.energy.queries import append, waiting
from portal.core.energy.rules.meter_rules import MeterRules
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import (
    RULES,
    START,
    Meter,
    expected_days,
    expected_figures,
    expected_hours,
    new_meter,
    register_histories,
    rules_of,
    shows_at_once,
)
from tests.length import usual_or_long

LAW = settings(
    max_examples=usual_or_long(12, 60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(params=["meter by meter", "all at once"])
def way_of_reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have new readings read in the one or the other way, whatever would be quicker."""
    at_once = request.param == "all at once"
    monkeypatch.setattr(append, "_SHARE_TO_READ_AT_ONCE", -1 if at_once else 1000)
    monkeypatch.setattr(append, "_READ_AT_ONCE", timedelta.max)


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks, way_of_reading: None) -> Stack:
    """One stack of either run mode for all examples of a test; each example brings a meter of its own."""
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def _refresh(stack: Stack) -> int:
    return await energy.refresh(stack)


async def _check(meter: Meter, history: list[tuple[datetime, float]], rules: MeterRules = RULES) -> None:
    expected = expected_hours(history, rules)
    assert await meter.hours() == expected
    assert await meter.days() == expected_days(expected)
    assert await meter.figures() == expected_figures(history)


async def _arrive(meter: Meter, arriving: list[Any], data: Any) -> None:
    """Store rows in batches, some of them replaying rows, with refreshes in between."""
    everything = list(arriving)
    while arriving:
        count = data.draw(st.integers(1, len(arriving)))
        await meter.store([*arriving[:count], *data.draw(st.sampled_from([[], everything[:3]]))])
        arriving = arriving[count:]
        if data.draw(st.booleans()):
            await _refresh(meter.stack)


@LAW
@given(history=register_histories(), data=st.data())
async def test_any_order_and_any_batches(
    stack: Stack, history: list[tuple[datetime, float]], data: Any
) -> None:
    meter = await new_meter(stack)
    await _arrive(meter, data.draw(st.permutations(history)), data)
    if await shows_at_once(stack):
        assert await meter.figures() == expected_figures(history)
    await _refresh(stack)
    await _check(meter, history)


@LAW
@given(history=register_histories(), rated_kw=st.sampled_from([None, 5.0, 80.5]), data=st.data())
async def test_readings_in_order_with_a_few_latecomers(
    stack: Stack, history: list[tuple[datetime, float]], rated_kw: float | None, data: Any
) -> None:
    meter = await new_meter(stack, rated_kw)
    late = data.draw(st.lists(st.sampled_from(history), max_size=3, unique=True))
    await _arrive(meter, [row for row in history if row not in late], data)
    await _arrive(meter, late, data)
    await _refresh(stack)
    await _check(meter, history, rules_of(rated_kw))


LATE_BY = [timedelta(minutes=7), timedelta(days=40), timedelta(days=3 * 365)]


@pytest.mark.parametrize("late_by", LATE_BY)
async def test_a_late_reading_shows_within_one_refresh(stack: Stack, late_by: timedelta) -> None:
    meter = await new_meter(stack)
    start = START - late_by
    history = [(start + timedelta(minutes=15 * i), 100 + i / 2) for i in range(20)]
    history += [(START + timedelta(hours=8, minutes=15 * i), 200 + i / 2) for i in range(20)]
    late = history.pop(3)
    await meter.store(history)
    await _refresh(stack)
    await meter.store([late])
    if await shows_at_once(stack):
        assert await meter.figures() == expected_figures([*history, late])
    assert await _refresh(stack) == 1
    await _check(meter, [*history, late])


@pytest.mark.parametrize("end", ["2026-03-02T05:00:00+00:00", "2026-03-02T00:00:00+02:00"])
async def test_batches_that_end_on_an_hour_or_on_local_midnight(stack: Stack, end: str) -> None:
    meter = await new_meter(stack)
    last = datetime.fromisoformat(end).astimezone(UTC)
    history = [(last + timedelta(minutes=10 * i), 50.0 + i) for i in range(-7, 8)]
    for batch in (history[:8], history[8:]):
        await meter.store(batch)
        await _refresh(stack)
    await _check(meter, history)


async def test_a_batch_over_many_weeks(stack: Stack) -> None:
    meter = await new_meter(stack)
    history = [(START + timedelta(hours=9 * i), 10.0 * i) for i in range(200)]
    shuffled = Random(7).sample(history, len(history))
    for batch in (shuffled[:120], shuffled[120:]):
        await meter.store(batch)
        await _refresh(stack)
    await _check(meter, history)


async def test_a_long_queue_is_taken_meter_by_meter(
    stack: Stack, way_of_reading: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_MOST_ENTRIES", 30)
    portions: list[int] = []
    take = waiting.take_queue

    async def counting(*given_: Any) -> waiting.TakenHours:
        taken = await take(*given_)
        portions.append(len({hour.key for hour in taken.hours}))
        return taken

    monkeypatch.setattr(waiting, "take_queue", counting)
    meters = [await new_meter(stack) for _ in range(5)]
    history = [(START + timedelta(minutes=30 * i), 100 + i / 2) for i in range(40)]
    for rows in (history[:20], history[20:]):
        for meter in meters:
            await meter.store(rows)
    assert await _refresh(stack) == 5 * 20
    assert portions == [2, 2, 1]
    for meter in meters:
        await _check(meter, history)


_QUEUED_OF_NOBODY = """
INSERT INTO {rollup_batches} (customer, meters, hours, firsts)
SELECT customer, ARRAY[7, 7, 8, 8], array_agg(hour), array_agg(hour)
FROM {devices} CROSS JOIN unnest(CAST(:hours AS timestamptz[])) AS q (hour)
GROUP BY customer, meter LIMIT 1
"""


@pytest.mark.parametrize("most", [2, 100])
async def test_hours_of_a_device_that_is_gone_hold_nothing_up(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(waiting, "_MOST_ENTRIES", most)
    meter = await new_meter(stack)
    hours = [START + timedelta(hours=i) for i in range(4)]
    async with stack.db.transaction() as session:
        await session.execute(text(stack.layout.sql(_QUEUED_OF_NOBODY)), {"hours": hours})
    history = [(START + timedelta(minutes=30 * i), 100 + i / 2) for i in range(10)]
    await meter.store(history)
    assert await _refresh(stack) == 5
    await _check(meter, history)
    async with stack.db.transaction() as session:
        left = await session.scalar(text(stack.layout.sql("SELECT count(*) FROM {rollup_batches}")))
    assert left == 0


async def test_a_meter_without_a_register_costs_no_energy_rows(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store([(START + timedelta(minutes=i), None) for i in range(3)])
    await _refresh(stack)
    assert await meter.hours() == {}
    assert (await meter.figures())[START] == (1.0, 1.0, 1.0, 3, None)


async def test_writers_and_two_refreshers_at_once_lose_nothing(stack: Stack) -> None:
    meters = [await new_meter(stack) for _ in range(3)]
    random = Random(3)
    histories = [
        [(START + timedelta(minutes=3 * i), 5 * i / 10) for i in range(random.randint(200, 260))]
        for _ in meters
    ]
    writing = True

    async def write(meter: Meter, history: list[tuple[datetime, float]], seed: int) -> None:
        order = Random(seed)
        arriving = sorted(history, key=lambda row: row[0] + timedelta(minutes=order.choice([0, 0, 0, 90])))
        for i in range(0, len(arriving), 11):
            await meter.store([*arriving[i : i + 11], *order.sample(arriving, 2)])

    async def keep_refreshing() -> None:
        while writing:
            await _refresh(stack)
            await asyncio.sleep(0.001)

    refreshers = [asyncio.create_task(keep_refreshing()) for _ in range(2)]
    # Two writers a meter, with overlapping batches.
    await asyncio.gather(
        *(write(m, h, seed) for seed in (1, 2) for m, h in zip(meters, histories, strict=True))
    )
    writing = False
    await asyncio.gather(*refreshers)
    await _refresh(stack)
    for meter, history in zip(meters, histories, strict=True):
        await _check(meter, history)


async def test_refreshes_killed_anywhere_lose_nothing(stack: Stack) -> None:
    meter = await new_meter(stack)
    history = [(START + timedelta(minutes=2 * i), i / 10) for i in range(400)]
    random = Random(11)
    for i in range(0, len(history), 20):
        await meter.store(history[i : i + 20])
        refreshing = asyncio.create_task(_refresh(stack))
        await asyncio.sleep(random.random() * 0.02)
        if random.random() < 0.5:
            refreshing.cancel()
        else:
            await _terminate_refreshes(stack)
        await asyncio.gather(refreshing, return_exceptions=True)
    await _refresh(stack)
    await _check(meter, history)


async def _terminate_refreshes(stack: Stack) -> None:
    connection = await stack.db.dedicated()
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
            "AND state <> 'idle'"
        )
    finally:
        await connection.close()
