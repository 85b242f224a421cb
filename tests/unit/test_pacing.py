"""Long work gives way to brief work, and only so far."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

from portal.core import pacing
from portal.core.pacing import brief, give_way
from portal.core.queries import copy_format
from portal.core.wire.readings import DeviceReading


async def took() -> float:
    began = monotonic()
    await give_way()
    return monotonic() - began


async def test_nothing_is_waited_for_where_nothing_brief_is_under_way() -> None:
    with brief():
        pass
    assert await took() < pacing._LONGEST_WAIT_SECONDS / 2


async def test_brief_work_ends_first() -> None:
    order: list[str] = []

    async def answer() -> None:
        with brief():
            await asyncio.sleep(0.002)
            order.append("brief")

    async def store() -> None:
        await give_way()
        order.append("long")

    await asyncio.gather(answer(), store())
    assert order == ["brief", "long"]


async def test_the_wait_is_bounded_while_brief_work_goes_on() -> None:
    with brief():
        spent = await took()
    assert pacing._LONGEST_WAIT_SECONDS <= spent < 10 * pacing._LONGEST_WAIT_SECONDS


async def test_what_trickles_in_is_not_waited_for() -> None:
    with brief():
        await asyncio.sleep(pacing._BRIEF_SECONDS + 0.005)
        assert await took() < pacing._LONGEST_WAIT_SECONDS / 2


async def test_a_batch_gives_way_between_its_pieces() -> None:
    start = datetime(2026, 5, 18, tzinfo=UTC)
    rows = [DeviceReading(time=start + timedelta(seconds=second)) for second in range(201)]
    pieces = copy_format.device_rows(UUID(int=1), rows)
    await anext(pieces)  # the heading
    with brief():
        began = monotonic()
        await anext(pieces)
        first = monotonic()
        await anext(pieces)
        second = monotonic()
    assert first - began < pacing._LONGEST_WAIT_SECONDS / 2
    assert second - first >= pacing._LONGEST_WAIT_SECONDS
