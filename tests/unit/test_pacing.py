"""Long work gives way to brief work, and only so far; on a clock that only moves where somebody sleeps."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from portal.core import pacing
from portal.core.pacing import brief, give_way
from portal.core.readings.queries.narrow_rows import NarrowBatch, RowKeys
from portal.core.readings.wire import DeviceReading

_sleep = asyncio.sleep


class Clock:
    """Seconds that pass by sleeping; every sleep lets others run once, as a real one does."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await _sleep(0)

    async def took(self, work: Callable[[], object]) -> float:
        began = self.now
        await work()  # pyright: ignore[reportGeneralTypeIssues]
        return self.now - began


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "monotonic", lambda: clock.now)
    monkeypatch.setattr(pacing, "asyncio", SimpleNamespace(sleep=clock.sleep))
    return clock


async def test_nothing_is_waited_for_where_nothing_brief_is_under_way(clock: Clock) -> None:
    with brief():
        pass
    assert await clock.took(give_way) == 0


async def test_brief_work_ends_first() -> None:
    order: list[str] = []

    async def answer() -> None:
        with brief():
            for _ in range(3):
                await _sleep(0)
            order.append("brief")

    async def store() -> None:
        await give_way()
        order.append("long")

    await asyncio.gather(answer(), store())
    assert order == ["brief", "long"]


async def test_the_wait_is_bounded_while_brief_work_goes_on(clock: Clock) -> None:
    with brief():
        spent = await clock.took(give_way)
    assert spent == pytest.approx(pacing._LONGEST_WAIT_SECONDS, abs=pacing._TICK_SECONDS)


async def test_what_trickles_in_is_not_waited_for(clock: Clock) -> None:
    with brief():
        await clock.sleep(pacing._BRIEF_SECONDS)
        assert await clock.took(give_way) == 0


async def test_a_batch_gives_way_between_its_pieces(clock: Clock) -> None:
    start = datetime(2026, 5, 18, tzinfo=UTC)
    rows = [
        DeviceReading(time=start + timedelta(seconds=second), active_power_kw=1.0) for second in range(401)
    ]
    pieces = (await NarrowBatch(rows, RowKeys(1, 1)).narrow_rows()).pieces()
    await anext(pieces)  # the heading
    with brief():
        assert await clock.took(lambda: anext(pieces)) == 0
        spent = await clock.took(lambda: anext(pieces))
    assert spent == pytest.approx(pacing._LONGEST_WAIT_SECONDS, abs=pacing._TICK_SECONDS)
