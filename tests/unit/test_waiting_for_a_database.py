"""A database that is starting is waited for, as long as somebody said, and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from types import SimpleNamespace
from typing import cast

import asyncpg
import pytest

from portal.core import stack as stacks
from portal.core.errors import Misconfigured
from portal.core.stack import Stack


@dataclass
class _Starting:
    """A database that refuses some connections before it takes one."""

    refusals: list[Exception]
    asked: list[str] = field(default_factory=list)

    async def dedicated(self) -> _Starting:
        if self.refusals:
            raise self.refusals.pop(0)
        return self

    async def execute(self, statement: str) -> None:
        self.asked.append(statement)

    async def close(self) -> None:
        pass


async def _check(database: _Starting, seconds: float) -> None:
    await stacks._check_reachable(cast("Stack", SimpleNamespace(db=database)), monotonic() + seconds)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "_LOOK_SECONDS", 0)


async def test_a_server_that_starts_is_waited_for() -> None:
    database = _Starting(
        [OSError("no such name yet"), ConnectionRefusedError(), asyncpg.CannotConnectNowError()]
    )
    await _check(database, 60)
    assert database.asked == ["SELECT 1"]


async def test_without_a_wait_it_is_refused_at_once() -> None:
    database = _Starting([ConnectionRefusedError(), ConnectionRefusedError()])
    with pytest.raises(Misconfigured, match="cannot be reached"):
        await _check(database, 0)
    assert len(database.refusals) == 1


async def test_a_wrong_password_is_nothing_to_wait_for() -> None:
    database = _Starting([asyncpg.InvalidPasswordError("wrong")])
    with pytest.raises(Misconfigured, match="cannot be reached"):
        await _check(database, 60)
