"""A database that reads a batch too slowly: smaller batches, no standstill."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from portal.core.exchange.batches import BatchType
from portal.core.outbox.queries import push as statements
from portal.push import lanes
from tests.integration.push.rig import START, Rig, line_of

OpenRig = Callable[..., Awaitable[Rig]]
READINGS = BatchType.MEASUREMENTS


async def _limit_waiting(session: AsyncSession) -> None:
    await session.execute(text("SET LOCAL statement_timeout = '1500ms'"))


@pytest.fixture
def slow_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading takes 50 ms a row, and is cut off after one and a half seconds."""
    slow = statements._OLDEST.replace(
        "WITH first AS (", "WITH slow AS MATERIALIZED (SELECT pg_sleep($5::bigint * 0.05)), first AS ("
    ).replace("FROM chosen c", "FROM slow, chosen c")
    assert slow.count("slow") == 2
    monkeypatch.setattr(statements, "_OLDEST", slow)
    monkeypatch.setattr(statements, "limit_waiting", _limit_waiting)


async def test_batches_are_halved_until_the_database_can_read_them(
    rigs: OpenRig, slow_reads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_SLOW_READ_SECONDS", 0.5)
    rig = await rigs(FleetIngest__BatchSize="40", FleetIngest__MaxBatchesPerTick="10")
    await rig.store(await rig.add_device(), 75)
    line = line_of(await rig.tick(), READINGS)
    assert "too long to read 40 readings" in (line.error or "")
    state = await rig.state()
    assert (state.batch_limit, state.consecutive_failures, state.next_attempt_at) == (20, 0, None)
    line = line_of(await rig.tick(), READINGS)
    assert (line.error, line.sent, line.batches) == (None, 75, 4)
    await rig.assert_mirrored()


async def test_batches_grow_again_once_the_database_is_quick(
    rigs: OpenRig, slow_reads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = await rigs(FleetIngest__BatchSize="40", FleetIngest__MaxBatchesPerTick="1")
    device = await rig.add_device()
    await rig.store(device, 75)
    await rig.tick()
    assert (await rig.state()).batch_limit == 20
    monkeypatch.undo()
    await rig.tick()
    assert (await rig.state()).batch_limit is None
    await rig.store(device, 75, start=START.replace(hour=1))
    await rig.drain()
    await rig.assert_mirrored()
