"""A statement of a page does not run for ever: whoever asked is told to come again, and the others have its place."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.core.errors import Unavailable
from portal.core.stack import Stack


async def _limit(stack: Stack, **given: float) -> str:
    async with stack.db.snapshot(**given) as session:
        return str(await session.scalar(text("SHOW statement_timeout")))


async def test_a_statement_that_takes_too_long_is_ended(client_stack: Stack) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable, match="too busy"):
            async with client_stack.db.snapshot(statement_seconds=0.1) as session:
                await session.execute(text("SELECT pg_sleep(60)"))


async def test_every_reading_has_a_limit_unless_it_says_that_it_needs_none(client_stack: Stack) -> None:
    assert await _limit(client_stack) == "30s"
    assert await _limit(client_stack, statement_seconds=0) == "0"
    async with client_stack.db.transaction() as session:
        assert await session.scalar(text("SHOW statement_timeout")) == "0"


async def test_a_shorter_limit_of_the_server_stays(client_stack: Stack) -> None:
    async with client_stack.db.transaction() as session:
        name = await session.scalar(text("SELECT current_database()"))
        await session.execute(text(f"ALTER DATABASE {name} SET statement_timeout = '7s'"))
    await client_stack.db.engine.dispose()
    assert await _limit(client_stack) == "7s"


def test_only_what_nobody_waits_for_reads_without_a_limit() -> None:
    root = Path(__file__).parents[3]
    found = {
        path.relative_to(root).as_posix()
        for part in ("portal", "fleet_ingest")
        for path in (root / part).rglob("*.py")
        if "snapshot(statement_seconds" in path.read_text(encoding="utf-8")
    }
    assert found == {"portal/core/energy/comparison.py", "portal/core/operations/service/backups.py"}
