"""The fixtures keep tests apart: what one writes, no other sees."""

import pytest
from sqlalchemy import text

from portal.core.stack import Stack
from tests.integration.databases import Clock, Stacks


@pytest.mark.parametrize("run", [1, 2])
async def test_a_commit_does_not_reach_the_next_test(client_stack: Stack, run: int) -> None:
    async with client_stack.db.transaction() as session:
        assert await session.scalar(text("SELECT to_regclass('app.left_behind')")) is None
        await session.execute(text("CREATE TABLE app.left_behind (run integer)"))


async def test_each_stack_has_the_schema_of_its_mode(client_stack: Stack, admin_stack: Stack) -> None:
    question = text(
        "SELECT to_regclass('monitoring.devices') IS NOT NULL, to_regclass('fleet.devices') IS NOT NULL"
    )
    async with client_stack.db.transaction() as session:
        assert (await session.execute(question)).one() == (True, False)
    async with admin_stack.db.transaction() as session:
        assert (await session.execute(question)).one() == (False, True)


async def test_two_clients_do_not_share_a_database(stacks: Stacks) -> None:
    first, second = await stacks.client(), await stacks.client()
    assert first.db.dsn != second.db.dsn


async def test_the_clock_moves_when_told(client_stack: Stack, clock: Clock) -> None:
    before = client_stack.clock()
    clock.advance(minutes=5)
    assert (client_stack.clock() - before).total_seconds() == 300
