"""Energy is what the readings say, whichever of them still lie in the table of an earlier release."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.readings.queries import wide_rows, wide_way
from portal.core.readings.service import wide_readings
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.time import week_start
from tests.integration.databases import Stacks, downgrade
from tests.integration.energy.metering import (
    Meter,
    expected_days,
    expected_figures,
    expected_hours,
    new_meter,
    register_histories,
)
from tests.length import usual_or_long

_BEFORE_NARROW = {RunMode.CLIENT: "client_0013", RunMode.ADMIN: "admin_0010"}
_Histories = dict[Meter, list[tuple[datetime, float]]]


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def _check(histories: _Histories) -> None:
    for meter, history in histories.items():
        expected = expected_hours(history)
        assert await meter.hours() == expected
        assert await meter.days() == expected_days(expected)
        assert await meter.figures() == expected_figures(history)


async def _upgrade(stack: Stack) -> None:
    """Take the database back to the earlier release, and from there as far as a start takes it before it serves."""
    mode = stack.settings.run_mode
    await downgrade(stack.db, mode, _BEFORE_NARROW[mode])
    await migrate(stack.db, mode)
    await energy.bootstrap(stack)
    assert await wide_readings.begin(stack)


async def _units(stack: Stack, histories: _Histories) -> list[wide_rows.Unit]:
    weeks = {(meter.key, week_start(at)) for meter, history in histories.items() for at, _ in history}
    spans = [wide_rows.MeterSpan(key, week, week + timedelta(days=7)) for key, week in sorted(weeks)]
    return await wide_rows.units_of(stack.db, stack.layout, spans)


@settings(
    max_examples=usual_or_long(3, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_energy_over_a_half_moved_table_is_that_of_the_readings(
    stack: Stack, data: st.DataObject
) -> None:
    """Units are moved in any order; new and late readings come in between, and energy is computed anew."""
    histories: _Histories = {}
    later: _Histories = {}
    for history in data.draw(st.lists(register_histories(), min_size=2, max_size=4)):
        meter = await new_meter(stack)
        kept = set(data.draw(st.lists(st.sampled_from(range(len(history))), max_size=len(history) // 3)))
        later[meter] = [row for index, row in enumerate(history) if index in kept and index]
        histories[meter] = [row for index, row in enumerate(history) if not (index in kept and index)]
        await meter.store(histories[meter])
    await energy.refresh(stack)
    await _check(histories)
    await _upgrade(stack)
    await _check(histories)
    units = await _units(stack, histories)
    Random(data.draw(st.integers(0, 99))).shuffle(units)
    for unit in units:
        await wide_way.move(stack, unit)
        await _check(histories)
        kind = data.draw(st.sampled_from(["nothing", "recompute", "late"]))
        if kind == "recompute":
            await energy.recompute(stack)
        if kind == "late" and later:
            meter = data.draw(st.sampled_from(list(later)))
            late = later.pop(meter)
            if late:
                await meter.store(late)
                histories[meter] = [*histories[meter], *late]
        await energy.refresh(stack)
        await _check(histories)
    assert await wide_readings.move_wide_readings(stack) == 0
    await _check(histories)
    await energy.recompute(stack)
    await energy.refresh(stack)
    await _check(histories)
