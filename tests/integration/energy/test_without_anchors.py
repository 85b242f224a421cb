"""Registers among whose last readings no anchor is: at zero for long, or one that flickers by a count."""

from datetime import UTC, datetime
from random import Random

import pytest

from portal.core import energy
from portal.core.energy.queries import judged_stretches
from portal.core.energy.rules.judging import RegisterFacts, RegisterReading, judge
from portal.core.energy.rules.meter_rules import USUAL_WIDTH
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.energy.metering import Meter, new_meter
from tests.integration.energy.test_judged_storage import KWH, know, require_as_judged, store

MINUTE = 60_000_000
BEGIN = 1_767_225_600_000_000  # 2026-01-01
FACTS = RegisterFacts(rated_watts=100_000, count_milliwh=100_000, width_milliwh=USUAL_WIDTH)


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    stacks.clock.now = datetime(2036, 1, 1, tzinfo=UTC)
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def _meter(stack: Stack) -> Meter:
    meter = await new_meter(stack, 100)
    await know(meter, RegisterFacts(count_milliwh=FACTS.count_milliwh))
    return meter


def _line(since: int, step: int, count: int, kwh: float, each: float = 0.0) -> list[RegisterReading]:
    return [(since + n * step, round((kwh + n * each) * 10) * 100_000) for n in range(count)]


@pytest.mark.parametrize("back", [1_030.5, 3.0])
async def test_a_register_that_was_at_zero_for_weeks_is_judged_by_what_it_showed_before(
    stack: Stack, back: float
) -> None:
    """Back after 45 days in which nothing but zero came every ten minutes: by a rise, or anew."""
    step = 10 * MINUTE
    before = _line(BEGIN, step, 400, 910, 0.3)
    zeros = _line(BEGIN + 400 * step, step, 144 * 45, 0)
    after = _line(BEGIN + (400 + 144 * 45) * step, step, 30, back, 0.3)
    meter = await _meter(stack)
    for piece in (before, zeros[: 144 * 30], zeros[144 * 30 :], after[:1], after[1:]):
        await store(meter, piece)
        await energy.refresh(stack)
    await require_as_judged(meter, judge([*before, *zeros, *after], FACTS))


async def test_of_a_register_that_flickers_no_more_is_read_again_the_longer_it_does(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, step = Random(7), 10 * MINUTE
    steady = _line(BEGIN, step, 300, 1_000, 0.1)
    since, shown = steady[-1]
    flickering = [
        (since + n * step, shown + n // 144 * 100_000 - (100_000 if random.random() < 0.3 else 0))
        for n in range(1, 144 * 60)
    ]
    meter = await _meter(stack)
    await store(meter, [*steady, *flickering[:-1]])
    await energy.refresh(stack)
    read: list[int] = []
    load = judged_stretches.load_readings

    async def counted(*asked: object) -> object:
        found = await load(*asked)  # pyright: ignore[reportArgumentType]
        read.extend(map(len, found))
        return found

    monkeypatch.setattr(judged_stretches, "load_readings", counted)
    await store(meter, flickering[-1:])
    await energy.refresh(stack)
    # Forty days of it, and the two shorter times it looked before.
    assert 0 < sum(read) < 50 * 144
    days = await meter.days()
    billed = sum(day[0] + day[1] for day in days.values())
    assert billed == pytest.approx(judge([*steady, *flickering], FACTS).milliwh, abs=2 * KWH // 10)
