"""An existing plain database becomes TimescaleDB by one command, without losing a reading, also after a kill."""

from datetime import timedelta

import pytest

from portal.core.database.choice import judge
from portal.core.database.layout import LAYOUTS
from portal.core.database.migrations import migrate
from portal.core.database.timescale import upgrade as timescale_upgrade
from portal.core.database.timescale.upgrade import Upgraded, Week, upgrade
from portal.core.errors import Conflict, Misconfigured
from portal.core.readings.service.wide_readings import move_wide_readings
from portal.core.settings import RunMode
from portal.core.stack import Stack, close_stack, open_stack
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, Row, ago, readings
from tests.integration.databases import Stacks, downgrade

_LAYOUT = LAYOUTS[RunMode.ADMIN]
_STATE = "SELECT m::text FROM fleet.power_measurements m ORDER BY 1"
_ENERGY = "SELECT e::text FROM fleet.hourly_energy e ORDER BY 1"
_KEYS = tuple(
    f"SELECT t::text FROM fleet.{name} t ORDER BY 1" for name in ("customers", "devices", "meter_numbers")
)


def _years() -> list[Row]:
    """Readings in some sixty weeks of three years, with registers that are not round."""
    alice = readings(
        ALICE, METERS[ALICE][0], ago(days=1000), timedelta(days=17, minutes=7), 55, register_kwh=0.1
    )
    charlie = readings(CHARLIE, METERS[CHARLIE][0], ago(days=12), timedelta(minutes=21), 800)
    return [row._replace(register_kwh=None) for row in alice] + charlie


@pytest.fixture
async def plain(stacks: Stacks, timescale: str) -> Fleet:
    """A plain database with years of readings, on a server that has TimescaleDB."""
    fleet = await Fleet.open(await stacks.admin(Database__Storage="plain"))
    await fleet.store(_years())
    await fleet.refresh()
    return fleet


async def _upgrade(fleet: Fleet, report: object = None) -> Upgraded:
    """Run the upgrade as the command does: from a process of its own, while no stack runs."""
    await fleet.stack.db.dispose()
    own = open_stack(fleet.stack.settings, fleet.stack.db.dsn, application_name="portal-upgrade")
    try:
        return await upgrade(own.db, _LAYOUT, report or (lambda _: None))
    finally:
        await close_stack(own)


async def _reopened(fleet: Fleet) -> Stack:
    settings = fleet.stack.settings
    stack = open_stack(
        settings.model_copy(
            update={
                "database": settings.database.model_copy(
                    update={"storage": type(settings.database.storage).AUTO}
                )
            }
        ),
        fleet.stack.db.dsn,
    )
    await stack.storage.bootstrap(stack.db)
    return stack


async def test_every_reading_and_every_answer_is_the_same_afterwards(plain: Fleet) -> None:
    before, energy = await plain.rows(_STATE), await plain.rows(_ENERGY)
    keys = [await plain.rows(each) for each in _KEYS]
    done = await _upgrade(plain)
    assert done.readings == len(before) == len(plain.stored)
    assert await plain.rows(_STATE) == before
    assert [await plain.rows(each) for each in _KEYS] == keys
    assert await plain.rows(_ENERGY) == energy
    await plain.agrees()
    await plain.run_policies()
    await plain.agrees()
    compressed = "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed"
    assert (await plain.rows(compressed))[0][0] > 40


async def test_a_second_upgrade_finds_nothing_to_do(plain: Fleet) -> None:
    await _upgrade(plain)
    assert (await _upgrade(plain)).weeks == 0
    await plain.agrees()


@pytest.mark.parametrize("at_week", [1, 30])
async def test_killed_in_the_middle_it_is_a_plain_database_and_the_next_run_ends_it(
    plain: Fleet, at_week: int
) -> None:
    before = await plain.rows(_STATE)

    def killed(week: Week) -> None:
        if week.position == at_week:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await _upgrade(plain, killed)
    assert await plain.rows(_STATE) == before
    await plain.agrees()
    # The stack runs on meanwhile, and gets readings of a week that is copied already.
    await plain.store(readings(ALICE, METERS[ALICE][1], ago(days=990), timedelta(minutes=10), 30))
    await plain.refresh()
    reported: list[Week] = []
    done = await _upgrade(plain, reported.append)
    assert done.readings == len(before) + 30
    assert len(reported) <= done.weeks - at_week + 2
    await plain.agrees()


async def test_killed_in_the_last_transaction_it_is_a_plain_database(
    plain: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await plain.rows(_STATE)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(timescale_upgrade, "complete", killed)
        with pytest.raises(KeyboardInterrupt):
            await _upgrade(plain)
    assert await plain.rows(_STATE) == before
    await plain.agrees()
    assert (await _upgrade(plain)).readings == len(before)


async def test_it_refuses_while_a_stack_uses_the_database(plain: Fleet) -> None:
    own = open_stack(plain.stack.settings, plain.stack.db.dsn, application_name="portal-upgrade")
    try:
        async with plain.stack.db.transaction():
            await plain.rows("SELECT 1")
            with pytest.raises(Conflict, match="stop the stack first"):
                await upgrade(own.db, _LAYOUT, lambda _: None)
    finally:
        await close_stack(own)


async def test_it_refuses_while_readings_of_an_earlier_release_are_to_be_moved(plain: Fleet) -> None:
    await downgrade(plain.stack.db, RunMode.ADMIN, "admin_0010")
    await migrate(plain.stack.db, RunMode.ADMIN)
    await plain.stack.storage.bootstrap(plain.stack.db)
    before = await plain.rows(_STATE)
    with pytest.raises(Conflict, match="run `portal migrate`") as refused:
        await _upgrade(plain)
    assert "\n" not in refused.value.message
    assert await plain.rows(_STATE) == before
    await move_wide_readings(plain.stack)
    assert (await _upgrade(plain)).readings == len(before)
    await plain.agrees()


async def test_a_stack_does_not_start_while_readings_are_moved(plain: Fleet) -> None:
    async with plain.connection() as connection:
        await connection.execute(f"SELECT pg_advisory_lock({timescale_upgrade._MOVING_LOCK})")
        with pytest.raises(Misconfigured, match="portal storage upgrade") as refused:
            await plain.stack.storage.bootstrap(plain.stack.db)
    assert "\n" not in refused.value.message


async def test_the_stack_starts_on_either_side_of_the_upgrade(plain: Fleet) -> None:
    stack = await _reopened(plain)
    note = (await judge(stack.settings, stack.db)).note
    assert note is not None
    assert "portal storage upgrade" in note
    await close_stack(stack)
    await _upgrade(plain)
    stack = await _reopened(plain)
    async with stack.db.snapshot() as session:
        assert (await stack.storage.capabilities(session)).engine == "timescaledb"
    await close_stack(stack)
    await plain.agrees()
