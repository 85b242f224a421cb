"""Hours that wait are recomputed by themselves, also where nobody reads or posts: after a restore or an upgrade."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.database.layout import LAYOUTS
from portal.core.database.queue import queue_hours
from portal.core.energy import trigger
from portal.core.energy.service import queue_head
from portal.core.operations.service import health
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack, close_stack, open_stack
from tests.integration.databases import Clock

_QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "_LOOK_SECONDS", 0.05)


@asynccontextmanager
async def running(stack: Stack) -> AsyncIterator[None]:
    """The stack's API as a process runs it."""
    app = build_app(stack.settings, stack)
    async with app.router.lifespan_context(app):
        yield


async def fill(stack: Stack, clock: Clock) -> int:
    """Store readings and leave every hour of them waiting, as a restore does; return how many there are."""
    await sites.add_site(stack, "Head office")
    device = await devices.add_device(stack, "Main", site="Head office", external_id="main-1")
    rows = [
        DeviceReading(time=clock.now - i * _QUARTER, active_power_kw=1.0, energy_imported_kwh=1000.0 - i)
        for i in range(200)
    ]
    await readings.import_readings(stack, device.id, rows)
    await energy.refresh(stack)
    return await leave_all(stack)


async def leave_all(stack: Stack) -> int:
    async with stack.db.transaction() as session:
        hours = "SELECT device_id, hour, hour AS first_at FROM monitoring.hourly_energy"
        return await queue_hours(session, LAYOUTS[RunMode.CLIENT], hours, {})


async def waiting(stack: Stack) -> int:
    status = await health.status(stack)
    assert status is not None
    return status.hours_to_refresh + status.meters_to_recompute


async def until_none_wait(stack: Stack) -> None:
    async with asyncio.timeout(30):
        while await waiting(stack):  # noqa: ASYNC110 - as Prometheus asks
            await asyncio.sleep(0.05)


async def test_hours_that_wait_fall_to_none_without_a_reader(client_stack: Stack, clock: Clock) -> None:
    assert await fill(client_stack, clock) > 40
    assert await waiting(client_stack) > 40
    async with running(client_stack):
        await until_none_wait(client_stack)
    assert await queue_head(client_stack) is None


async def test_a_pass_that_an_ended_process_left_is_gone_on_with(client_stack: Stack, clock: Clock) -> None:
    await fill(client_stack, clock)
    await energy.refresh(client_stack)
    assert await energy.recompute(client_stack) == 1
    assert await waiting(client_stack) == 1
    async with running(client_stack):
        await until_none_wait(client_stack)


async def test_several_processes_on_one_database_do_not_fight(client_stack: Stack, clock: Clock) -> None:
    await fill(client_stack, clock)
    others = [open_stack(client_stack.settings) for _ in range(2)]
    try:
        with capture_logs() as events:
            async with AsyncExitStack() as processes:
                for stack in (client_stack, *others):
                    await processes.enter_async_context(running(stack))
                for _ in range(3):
                    await until_none_wait(client_stack)
                    await leave_all(client_stack)
                    await energy.recompute(client_stack)
                await until_none_wait(client_stack)
        assert [event for event in events if event["log_level"] in {"warning", "error"}] == []
    finally:
        for stack in others:
            await close_stack(stack)


async def test_a_queue_that_others_are_at_is_left_to_them(
    client_stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = iter(["a", "b", "c", None, "d", "e"])
    asked: list[Stack] = []

    async def front(_: object) -> str | None:
        mark = next(marks, "the end")
        if mark == "the end":
            raise asyncio.CancelledError
        return mark

    monkeypatch.setattr(trigger, "queue_head", front)
    following = energy.Trigger()
    monkeypatch.setattr(energy.Trigger, "__call__", lambda _, stack: asked.append(stack))
    with pytest.raises(asyncio.CancelledError):
        await following.follow(client_stack)
    assert asked == []
