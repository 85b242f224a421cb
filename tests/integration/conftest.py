"""Stacks over a real PostgreSQL. What a test commits is gone with its own copy of the database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portal.core.energy.queries import live
from portal.core.stack import Stack
from tests.integration.databases import Clock, Stacks, TestServer


@pytest.fixture(autouse=True)
def _answers_are_whole_on_any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued is computed with an answer in 0.2 s or left out, which a busy machine would do by chance."""
    monkeypatch.setattr(live, "_LONGEST_SECONDS", 60)


@pytest.fixture
def clock() -> Clock:
    """The clock of every stack of this test: `clock.now = ...`, `clock.advance(hours=1)`."""
    return Clock()


@pytest.fixture
async def stacks(database_server: TestServer, clock: Clock, tmp_path: Path) -> AsyncIterator[Stacks]:
    """Opens as many stacks as a test needs: `await stacks.client(Billing__MaxGapMinutes="60")`."""
    factory = Stacks(database_server, clock, tmp_path)
    yield factory
    await factory.close()


@pytest.fixture
async def client_stack(stacks: Stacks) -> Stack:
    """A Client stack with default settings over an empty database."""
    return await stacks.client()


@pytest.fixture
async def admin_stack(stacks: Stacks) -> Stack:
    """An Admin stack with default settings over an empty database."""
    return await stacks.admin()
