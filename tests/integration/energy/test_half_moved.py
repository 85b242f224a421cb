"""Energy is what the readings say, whichever of them still lie in the table of an earlier release."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass
class _Metered:
    """A meter, what is stored of it, and what comes late."""

    meter: Meter
    history: list[tuple[datetime, float]]
    late: list[tuple[datetime, float]] = field(default_factory=list)

    async def come_late(self) -> None:
        if self.late:
            await self.meter.store([*self.late])
            self.history, self.late = [*self.history, *self.late], []


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


async def _check(metered: Sequence[_Metered]) -> None:
    for each in metered:
        expected = expected_hours(each.history)
        assert await each.meter.hours() == expected
        assert await each.meter.days() == expected_days(expected)
        assert await each.meter.figures() == expected_figures(each.history)


async def _upgrade(stack: Stack) -> None:
    """Take the database back to the earlier release, and from there as far as a start takes it before it moves any.

    What that release did not keep of a judgement is judged meanwhile.
    """
    mode = stack.settings.run_mode
    await downgrade(stack.db, mode, _BEFORE_NARROW[mode])
    await migrate(stack.db, mode)
    await energy.bootstrap(stack)
    assert await wide_readings.begin(stack)
    await energy.refresh(stack)


async def _units(stack: Stack, metered: Sequence[_Metered]) -> list[wide_rows.Unit]:
    weeks = {(each.meter.key, week_start(at)) for each in metered for at, _ in each.history}
    spans = [wide_rows.MeterSpan(key, week, week + timedelta(days=7)) for key, week in sorted(weeks)]
    return await wide_rows.units_of(stack.db, stack.layout, spans)


async def _metered(stack: Stack, data: st.DataObject) -> list[_Metered]:
    """Meters with some history each, of which a part is kept for later."""
    metered: list[_Metered] = []
    for history in data.draw(st.lists(register_histories(), min_size=2, max_size=4)):
        late = data.draw(st.lists(st.sampled_from(history), unique=True, max_size=len(history) // 3))
        stored = [row for row in history if row not in late]
        metered.append(_Metered(await new_meter(stack), stored, late))
        await metered[-1].meter.store([*stored])
    return metered


@settings(
    max_examples=usual_or_long(3, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_energy_over_a_half_moved_table_is_that_of_the_readings(
    stack: Stack, data: st.DataObject
) -> None:
    """Units are moved in any order; late readings come in between, and energy is computed anew."""
    metered = await _metered(stack, data)
    await energy.refresh(stack)
    await _check(metered)
    await _upgrade(stack)
    await _check(metered)
    units = await _units(stack, metered)
    Random(data.draw(st.integers(0, 99))).shuffle(units)
    for unit in units:
        await wide_way.move(stack, unit)
        await _check(metered)
        kind = data.draw(st.sampled_from(["nothing", "recompute", "late"]))
        if kind == "recompute":
            await energy.recompute(stack)
        if kind == "late":
            await data.draw(st.sampled_from(metered)).come_late()
        await energy.refresh(stack)
        await _check(metered)
    await wide_readings.move_wide_readings(stack)
    await _check(metered)
    await energy.recompute(stack)
    await energy.refresh(stack)
    await _check(metered)
