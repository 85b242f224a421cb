"""The running task: one per stack, on connections of its own, ended within a second."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest

from portal.core.errors import Conflict, Misconfigured
from portal.core.exchange.batches import BatchType
from portal.core.outbox.service import push
from portal.push import lock as push_lock
from portal.push import task
from portal.push.lock import PushLock
from tests.integration.push.rig import START, Rig, line_of
from tests.pace import within

OpenRig = Callable[..., Awaitable[Rig]]
QUICK = {"FleetIngest__IntervalSeconds": "0.05"}


@asynccontextmanager
async def _running(rig: Rig) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(task.run(rig.client, transport=rig.network))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.05)


async def _holders(rig: Rig) -> int:
    [[count]] = await rig.on_client(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        key=push_lock._LEADER_KEY,
    )
    return count


async def _mirrored(rig: Rig, rows: int) -> bool:
    [[count]] = await rig.on_admin("SELECT count(*) FROM fleet.power_measurements")
    return count == rows


async def test_it_pushes_what_comes(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    device = await rig.add_device()
    async with _running(rig):
        await rig.store(device, 10)
        await _until(lambda: _mirrored(rig, 10))
        await rig.store(device, 10, start=START.replace(hour=9))
        await _until(lambda: _mirrored(rig, 20))


async def test_two_processes_push_once_and_the_other_takes_over(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    device = await rig.add_device()
    async with _running(rig) as first:
        await _until(lambda: _is(rig, 1))
        async with _running(rig):
            await asyncio.sleep(0.3)
            assert await _holders(rig) == 1
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await rig.store(device, 10)
            await _until(lambda: _mirrored(rig, 10))


async def _is(rig: Rig, holders: int) -> bool:
    return await _holders(rig) == holders


async def test_a_leader_that_is_cut_off_from_the_database_is_replaced(
    rigs: OpenRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "_REOPEN_SECONDS", 0.1)
    rig = await rigs(**QUICK)
    device = await rig.add_device()
    async with _running(rig):
        await _until(lambda: _is(rig, 1))
        await rig.on_client(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key",
            key=push_lock._LEADER_KEY,
        )
        await rig.store(device, 10)
        await _until(lambda: _mirrored(rig, 10))


async def test_it_ends_within_a_second_while_the_admin_never_answers(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    await rig.add_device()
    asked = asyncio.Event()

    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.set()
            await asyncio.sleep(3600)
            raise AssertionError(request)

    running = asyncio.create_task(task.run(rig.client, transport=Silent()))
    await asyncio.wait_for(asked.wait(), 60)
    await _ends_within_a_second(running)
    await _until(lambda: _is(rig, holders=0))  # the server notices a moment later that the connection is gone


async def test_a_query_that_hangs_slows_no_page_and_ends_within_a_second(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    blocker: asyncpg.Connection[Any] = await rig.client.db.dedicated()
    try:
        await blocker.execute("BEGIN; LOCK TABLE app.fleet_push_state IN ACCESS EXCLUSIVE MODE")
        async with _running(rig) as running:
            await _until(lambda: _hangs(rig))
            with within(2):
                for _ in range(20):
                    await rig.on_client("SELECT count(*) FROM monitoring.devices")
            await _ends_within_a_second(running)
    finally:
        await blocker.close()


async def _hangs(rig: Rig) -> bool:
    [[count]] = await rig.on_client(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portal-push' AND wait_event_type = 'Lock'"
    )
    return count > 0


async def _ends_within_a_second(running: asyncio.Task[None]) -> None:
    running.cancel()
    with within(1), suppress(asyncio.CancelledError):
        await running


async def test_once_is_once_and_says_what_it_did(rig: Rig) -> None:
    await rig.store(await rig.add_device(), 10)
    report = await task.tick_once(rig.client, transport=rig.network)
    assert line_of(report, BatchType.MEASUREMENTS).accepted == 10
    assert report.pending_rows == 0


async def test_once_ignores_waits_and_stops(rig: Rig) -> None:
    await rig.store(await rig.add_device(), 10)
    rig.network.always = httpx.Response(401)
    await rig.tick()
    rig.network.always = None
    await task.tick_once(rig.client, transport=rig.network)
    assert not (await push.status(rig.client)).is_link_down
    await rig.assert_mirrored()


async def test_once_ends_the_stop_of_a_set_that_has_nothing_to_send_any_more(rig: Rig) -> None:
    await rig.add_device()
    await rig.tick()
    await rig.on_client("UPDATE monitoring.sites SET name = 'Barn'")
    rig.network.always = httpx.Response(401)
    await rig.tick()
    await rig.on_client("UPDATE monitoring.sites SET name = 'House'")
    await rig.on_client("UPDATE app.fleet_push_state SET pass_hash = NULL WHERE resource_type = 'sites'")
    rig.network.always = None
    assert (await push.status(rig.client)).is_link_down
    await task.tick_once(rig.client, transport=rig.network)
    status = await push.status(rig.client)
    assert not status.is_link_down
    assert {state.last_error for state in status.resources} == {None}


async def test_once_waits_for_a_tick_under_way(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "_ONCE_PATIENCE_SECONDS", 0.3)
    async with PushLock(rig.client.db) as other, other.turn(1):
        with pytest.raises(Conflict):
            await task.tick_once(rig.client, transport=rig.network)
    await task.tick_once(rig.client, transport=rig.network)


async def test_a_start_gives_stopped_resources_another_try(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    await rig.store(await rig.add_device(), 10)
    rig.network.always = httpx.Response(401)
    await rig.tick()
    rig.network.always = None
    async with _running(rig):
        await _until(lambda: _mirrored(rig, 10))


async def test_nothing_leaves_a_stack_that_does_not_push(rig: Rig) -> None:
    fleet = rig.client.settings.fleet_ingest.model_copy(update={"enabled": False})
    off = replace(rig.client, settings=rig.client.settings.model_copy(update={"fleet_ingest": fleet}))
    await asyncio.wait_for(task.run(off, transport=rig.network), 60)
    with pytest.raises(Misconfigured):
        await task.tick_once(off, transport=rig.network)
    with pytest.raises(Misconfigured):
        await task.tick_once(rig.admin, transport=rig.network)
    assert rig.network.sent == []


async def test_the_push_has_connections_of_its_own(rigs: OpenRig) -> None:
    rig = await rigs(**QUICK)
    async with _running(rig):
        await _until(lambda: _connected_as(rig, "portal-push"))  # the lock may be held a moment before


async def _connected_as(rig: Rig, application_name: str) -> bool:
    rows = await rig.on_client(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name",
        name=application_name,
    )
    return bool(rows)
