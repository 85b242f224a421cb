"""A recompute goes month by month, and comes out as one fold over everything would, wherever it is cut or killed."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal.core import energy
from portal.core.energy import service
from portal.core.energy.energy_proof import check
from portal.core.energy.queries import months
from portal.core.energy.rules.meter_rules import MeterRules
from portal.core.operations.service import health
from portal.core.sites.service import devices
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.values.time import floor_hour
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
)

LAW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MONTHS = [(datetime(2025, 11, 28, tzinfo=UTC) + timedelta(hours=7 * i), 100 + 3.1 * i) for i in range(400)]
_SPOIL = (
    "UPDATE {hourly_energy} SET allocated_milliwh = allocated_milliwh + 5",
    "UPDATE {hourly_energy} SET last_at = NULL, is_unbroken = false",
    "DELETE FROM {hourly_energy}",
    "DELETE FROM {daily_energy}",
)


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


@contextmanager
def cut_every(hours: int) -> Iterator[None]:
    """Have the months of a pass end so often, in place of once a month, and each in a transaction of its own."""

    def end(at: datetime) -> datetime:
        since = (at - datetime(2020, 1, 1, tzinfo=UTC)) // timedelta(hours=1)
        return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=hours * (since // hours + 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(months, "month_after", end)
        patch.setattr(months, "_SHORTEST", timedelta(hours=1))
        patch.setattr(service, "_MOMENT_SECONDS", 0)
        yield


async def spoil(meter: Meter, statement: str) -> None:
    async with meter.stack.db.transaction() as session:
        of_meter = statement + " WHERE {customer_id = :customer_id AND} device_id = :device_id"
        await session.execute(text(meter.layout.sql(of_meter)), meter.layout.given(meter.key))


async def passes(meter: Meter) -> list[Any]:
    async with meter.stack.db.snapshot() as session:
        return list(
            await session.scalars(
                text(meter.layout.sql("SELECT from_hour FROM {recompute_passes} ORDER BY id"))
            )
        )


async def require_right(
    meter: Meter, history: list[tuple[datetime, float]], rules: MeterRules = RULES
) -> None:
    expected = expected_hours(history, rules)
    assert await meter.hours() == expected
    assert await meter.days() == expected_days(expected)
    assert await meter.figures() == expected_figures(history)
    assert await passes(meter) == []


@LAW
@given(
    history=register_histories(),
    hours=st.sampled_from([2, 5, 24, 100]),
    wrong=st.sampled_from(_SPOIL),
    rated_kw=st.sampled_from([None, 5.0, 80.5]),
)
async def test_month_by_month_as_at_once(
    stack: Stack, history: list[tuple[datetime, float]], hours: int, wrong: str, rated_kw: float | None
) -> None:
    meter = await new_meter(stack, rated_kw)
    await meter.store(history)
    await energy.refresh(stack)
    await spoil(meter, wrong)
    await energy.recompute(stack, [meter.key])
    with cut_every(hours):
        await energy.refresh(stack)
    await require_right(meter, history, rules_of(rated_kw))


@LAW
@given(history=register_histories(), hours=st.sampled_from([1, 3, 24]), data=st.data())
async def test_readings_that_come_between_two_months(
    stack: Stack, history: list[tuple[datetime, float]], hours: int, data: Any
) -> None:
    meter = await new_meter(stack)
    late = data.draw(st.lists(st.sampled_from(history), max_size=6, unique=True))
    await meter.store([row for row in history if row not in late])
    await energy.refresh(stack)
    await energy.recompute(stack, [meter.key])
    with cut_every(hours):
        for row in late:
            await service._go_on(stack)
            await meter.store([row])
            if data.draw(st.booleans()):
                await energy.refresh_queue(stack)
        await energy.refresh(stack)
    await require_right(meter, history)


async def test_months_on_both_sides_of_a_seam(stack: Stack) -> None:
    """Four seams between months, some of them in a long gap; the sum of all is what the register rose by."""
    meter = await new_meter(stack)
    history = [row for row in MONTHS if row[0].day not in {30, 31, 1} or row[0].month == 1]
    await meter.store(history)
    await energy.refresh(stack)
    await spoil(meter, _SPOIL[0])
    await energy.recompute(stack, [meter.key])
    await energy.refresh(stack)
    await require_right(meter, history)
    days = await meter.days()
    assert sum(day[0] + day[1] for day in days.values()) == round((history[-1][1] - history[0][1]) * 1e6)


async def test_a_kill_costs_one_month(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_MOMENT_SECONDS", 0)
    meter = await new_meter(stack)
    await meter.store(MONTHS)
    await energy.refresh(stack)
    await spoil(meter, _SPOIL[0])
    await energy.recompute(stack, [meter.key])
    begun: list[Any] = []

    async def killed_after_the_third(session: Any, layout: Any, going: Any, rules: Any) -> Any:
        month = await months.recompute_month(session, layout, going, rules)
        begun.append(going.from_hour)
        if len(begun) == 3:
            raise asyncio.CancelledError
        return month

    monkeypatch.setattr(service, "recompute_month", killed_after_the_third)
    with pytest.raises(asyncio.CancelledError):
        await energy.refresh(stack)
    after = open_stack(stack.settings, stack.db.dsn)
    await energy.refresh(after)
    await close_stack(after)
    assert begun.pop(2) == begun[2]
    assert begun[0] is None
    # Of November there is too little for an anchor; after that each month ends with one, eight readings before its end.
    assert [(hour.year, hour.month, hour.day) for hour in begun[1:3]] == [(2025, 12, 29), (2026, 1, 29)]
    assert begun[1:] == sorted(set(begun[1:]))
    await require_right(meter, MONTHS)


async def test_killed_anywhere(stack: Stack) -> None:
    meters = [await new_meter(stack) for _ in range(3)]
    for meter in meters:
        await meter.store(MONTHS)
    await energy.refresh(stack)
    random = Random(5)
    for statement in _SPOIL:
        for meter in meters:
            await spoil(meter, statement)
        await energy.recompute(stack)
        for _ in range(6):
            refreshing = asyncio.create_task(energy.refresh(stack))
            await asyncio.sleep(random.random() * 0.1)
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)
        await energy.refresh(stack)
        for meter in meters:
            await require_right(meter, MONTHS)


async def test_what_is_read_meanwhile_is_as_it_was_or_as_it_will_be(stack: Stack) -> None:
    meter = await new_meter(stack)
    # Without a rated power 40 kWh in a few hours are energy; with it, they cannot have been consumed.
    history = [(at, kwh + 40 * (i // 40)) for i, (at, kwh) in enumerate(MONTHS)]
    await meter.store(history)
    await energy.refresh(stack)
    before = await meter.hours()
    layout = meter.layout
    async with stack.db.transaction() as session:
        await session.execute(text(layout.sql("UPDATE {devices} SET max_power_kw = 1")))
        await energy.ask_for_passes(session, layout, [meter.key])
    after = expected_hours(history, rules_of(1.0))
    assert before != after
    seen = 0
    with cut_every(200):
        while await service._go_on(stack):
            hours = await meter.hours()
            waiting = await passes(meter)
            edge = waiting[0] if waiting else datetime.max.replace(tzinfo=UTC)
            assert {hour: row for hour, row in hours.items() if hour < edge} == {
                hour: row for hour, row in after.items() if hour < edge
            }
            assert {hour: row for hour, row in hours.items() if hour >= edge} == {
                hour: row for hour, row in before.items() if hour >= edge
            }
            assert await meter.days() == expected_days(hours)
            seen += 1
    assert seen > 4
    await require_right(meter, history, rules_of(1.0))


async def test_a_changed_rated_power_waits_for_no_refresh(stacks: Stacks) -> None:
    client = await stacks.client()
    meter = await new_meter(client)
    await meter.store([(START + timedelta(minutes=10 * i), 100.0 * i) for i in range(12)])
    await energy.refresh(client)
    async with client.db.snapshot() as session:
        row = "SELECT site_id FROM monitoring.devices WHERE id = :id"
        site_id = await session.scalar(text(row), {"id": meter.key[0]})
    async with client.db.transaction() as session:
        await session.execute(text("LOCK TABLE monitoring.refresh_lock IN EXCLUSIVE MODE"))
        async with asyncio.timeout(20):
            await devices.change_device(client, site_id, meter.key[0], {"max_power_kw": Decimal(10)})
            async with energy.counted(client) as counted:
                assert not counted.as_of.is_complete
        status = await health.status(client)
        assert status is not None
        assert status.meters_to_recompute == 1
    await energy.refresh(client)
    async with energy.counted(client) as counted:
        assert counted.as_of.is_complete
    assert sum(row[0] for row in (await meter.days()).values()) == 0


async def test_a_late_reading_that_is_decided_weeks_later(stack: Stack) -> None:
    """A month of readings that agree with nothing: the late one is the base they are judged by."""
    meter = await new_meter(stack, 0.5)
    history = [(START, 9000.0)]
    history += [(START + timedelta(hours=12 * i), 8900.0 - 10 * i) for i in range(1, 60)]
    history += [(START + timedelta(days=31, minutes=30 * i), 9010 + i / 10) for i in range(100)]
    late = (START + timedelta(hours=1), 9000.2)
    await meter.store(history)
    await energy.refresh(stack)
    await meter.store([late])
    await energy.refresh(stack)
    await require_right(meter, sorted([*history, late]), rules_of(0.5))


async def test_memory_does_not_grow_with_the_months(stacks: Stacks) -> None:
    client = await stacks.client()
    peaks: list[int] = []
    for month_count in (1, 4):
        meter = await new_meter(client)
        # Every fiftieth reading is one that only the judge can judge.
        begin, count = datetime(2025, 6, 1, tzinfo=UTC), month_count * 8640
        history = [
            (begin + timedelta(minutes=5 * i), (1000 + i) / 10 if i % 50 else 0.0) for i in range(count)
        ]
        await meter.store(history)
        await energy.refresh(client)
        await energy.recompute(client, [meter.key])
        tracemalloc.start()
        await energy.refresh(client)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        await require_right(meter, history)
    assert peaks[1] < 1.5 * peaks[0]


async def test_the_proof_leaves_what_is_being_recomputed(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = await new_meter(stack)
    await meter.store(MONTHS)
    assert (await check(stack)).day_count > 100
    await spoil(meter, _SPOIL[0])
    await energy.recompute(stack, [meter.key])

    async def nothing(_: Stack) -> int:
        return 0

    monkeypatch.setattr("portal.core.energy.energy_proof.refresh", nothing)
    found = await check(stack)
    assert (found.day_count, found.differences) == (0, ())
    monkeypatch.undo()
    assert (await check(stack)).differences == ()


def test_a_month_ends_where_the_next_begins() -> None:
    begins = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
    for begin, end in zip(begins, [*begins[1:], datetime(2027, 1, 1, tzinfo=UTC)], strict=True):
        assert months.month_after(begin) == begin
        assert months.month_after(begin + timedelta(microseconds=1)) == end
        assert months.month_after(end - timedelta(microseconds=1)) == end
        assert floor_hour(end) == end
