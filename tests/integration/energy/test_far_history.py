"""Of a history that is left to a recompute pass nothing is counted twice or claimed, and no end waits for the pass."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.energy import moment, service, trigger
from portal.core.energy.queries import append, judged_stretches, passes, stretches
from portal.core.energy.queries.judged_stretches import ChangedStretch
from portal.core.energy.queries.passes import Pass
from portal.core.energy.rules.judging import RegisterReading
from portal.core.readings.service.wide_readings import move_wide_readings
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.time import floor_hour
from tests.integration.databases import Stacks, downgrade
from tests.integration.energy.metering import RULES, START, Meter, expected_figures, expected_hours, new_meter

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


@pytest.mark.parametrize("share", [-1, 1000], ids=["all at once", "meter by meter"])
async def test_a_late_reading_adds_nothing_that_was_stored_after_it(
    stack: Stack, meter: Meter, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "_SHARE_TO_READ_AT_ONCE", share)
    await energy.refresh_queue(stack)
    other = await new_meter(stack)
    late = (DENSE_AT + STEP / 2, 200.0625)
    await other.store([(DENSE_AT + timedelta(hours=9), 1.0)])
    await meter.store([late])
    await energy.refresh_queue(stack)
    assert await _passes(stack) == 1
    assert await meter.figures() == expected_figures([*FAR, *DENSE, late])
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE, late])


async def test_a_late_reading_adds_nothing_behind_where_a_pass_has_come_to(
    stack: Stack, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_MOMENT_SECONDS", 0)
    dense = [(datetime(2026, 3, 31, 22, 5, tzinfo=UTC) + i * STEP, 99.5 + i / 24) for i in range(30)]
    await meter.store(dense)
    await energy.refresh_queue(stack)
    await service._go_on(stack)
    [left] = await _passes_left(stack, meter)
    assert left.from_hour == datetime(2026, 3, 31, 22, tzinfo=UTC)
    late = (datetime(2026, 3, 31, 21, 58, tzinfo=UTC), 99.25)
    other = await new_meter(stack)
    await other.store([(datetime(2026, 4, 1, 1, tzinfo=UTC), 1.0)])
    await meter.store([late])
    await energy.refresh_queue(stack)
    assert await meter.figures() == expected_figures([*FAR, *DENSE, *dense, late])
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE, *dense, late])


async def _passes_left(stack: Stack, meter: Meter) -> list[Pass]:
    async with stack.db.snapshot() as session:
        return list((await passes.waiting_passes(session, stack.layout, [meter.key])).values())


@pytest.mark.parametrize("power_kw", [1.0, None], ids=["with power", "register alone"])
async def test_a_change_next_to_a_history_that_waits_for_its_pass_reads_none_of_it(
    stack: Stack, meter: Meter, power_kw: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    load = judged_stretches.load_readings

    async def counting(*asked: Any) -> list[list[RegisterReading]]:
        nonlocal taken
        found = await load(*asked)
        taken += sum(len(readings) for readings in found)
        return found

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(moment, "_wait_for_refresh", nothing)
    await energy.refresh_queue(stack)
    [before] = await _passes_left(stack, meter)
    monkeypatch.setattr(judged_stretches, "load_readings", counting)
    new = [(DENSE_AT + (12 + i) * STEP, 201.5 + i / 8) for i in range(3)]
    await meter.store(new, power_kw)
    async with energy.counted(stack, stack.layout.customer_of(meter.key)) as counted:
        assert not counted.as_of.is_complete
    await energy.refresh_queue(stack)
    assert taken == 0
    assert await _passes_left(stack, meter) == [before]
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE, *new])


async def test_a_pass_under_way_does_not_go_back_for_a_change_that_it_comes_to(
    stack: Stack, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_MOMENT_SECONDS", 0)
    await energy.refresh_queue(stack)
    await service._go_on(stack)
    [before] = await _passes_left(stack, meter)
    assert before.from_hour is not None
    ahead, behind = (DENSE_AT - timedelta(days=6, hours=1), 111.9), (START + timedelta(hours=1), 10.125)
    await meter.store([ahead])
    await energy.refresh_queue(stack)
    assert await _passes_left(stack, meter) == [before]
    await meter.store([behind])
    await energy.refresh(stack)
    assert await meter.hours() == expected_hours([*FAR, *DENSE, ahead, behind])


async def test_readings_that_a_pass_takes_over_wait_since_they_were_queued(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store([*FAR, *DENSE])
    stored_at = await _queued_at(stack)
    await energy.recompute(stack, [meter.key])
    await energy.refresh_queue(stack)
    [waiting] = await _passes_left(stack, meter)
    assert (waiting.from_hour, waiting.asked_at) == (None, stored_at)


def test_long_stretches_are_not_many_at_once() -> None:
    until = START + timedelta(days=30)
    found = [
        ChangedStretch(key=(uuid4(),), rules=RULES, changed_from=START, changed_to=until) for _ in range(60)
    ]
    sizes = [len(batch) for batch in stretches._batches(found)]
    assert sizes == [26, 26, 8]


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
    await stack.storage.bootstrap(stack.db)
    await move_wide_readings(stack)
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
