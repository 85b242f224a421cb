"""Energy of a release before the judge reads as it was until its meter is judged anew, and then as it should be."""

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.integration.databases import Stacks, downgrade
from tests.integration.energy.metering import expected_days, expected_hours, new_meter
from tests.integration.energy.test_recompute import MONTHS

_EARLIER = {
    "of before the judge": {RunMode.CLIENT: "client_0015", RunMode.ADMIN: "admin_0012"},
    "with its tables, empty": {RunMode.CLIENT: "client_0019", RunMode.ADMIN: "admin_0016"},
}
_OF_THE_JUDGE = (
    "meter_heads",
    "suspect_spans",
    "register_links",
    "meter_rivals",
    "meter_events",
    "restated_days",
)
# What that release made of a zero, by the way.
_WRONG = "UPDATE {hourly_energy} SET allocated_milliwh = allocated_milliwh + 5000, suspect_count = 0"


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


@pytest.mark.parametrize("earlier", _EARLIER)
async def test_stored_hours_are_judged_anew_where_they_are(stack: Stack, earlier: str) -> None:
    meter, mode = await new_meter(stack, 20), stack.settings.run_mode
    history = [(at, 0.0 if n == 77 else kwh) for n, (at, kwh) in enumerate(MONTHS)]
    await meter.store(history[:-5])
    await energy.refresh(stack)
    right = expected_hours(history[:-5])
    assert await meter.hours() == right
    await downgrade(stack.db, mode, _EARLIER[earlier][mode])
    async with stack.db.transaction() as session:
        for table in _OF_THE_JUDGE if earlier == "with its tables, empty" else ():
            await session.execute(text(stack.layout.sql(f"DELETE FROM {{{table}}}")))
        await session.execute(text(stack.layout.sql(_WRONG)))
        await session.execute(text(stack.layout.sql("DELETE FROM {recompute_passes}")))
    await migrate(stack.db, mode)
    await stack.storage.bootstrap(stack.db)
    before = await meter.hours()
    assert {hour: row[0] for hour, row in before.items()} == {
        hour: row[0] + 5000 for hour, row in right.items()
    }
    # What comes meanwhile waits for the meter's turn: added to what the earlier rule left it would be wrong.
    await meter.store(history[-5:])
    await energy.refresh_queue(stack)
    assert await meter.hours() == before
    await energy.refresh(stack)
    right = expected_hours(history)
    assert await meter.hours() == right
    assert await meter.days() == expected_days(right)
    assert (await energy.energy_proof.check(stack)).differences == ()
