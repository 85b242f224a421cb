"""What the planner of PostgreSQL may do with some statements, where its statistics could mislead it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


@asynccontextmanager
async def planned(session: AsyncSession, settings: Mapping[str, str]) -> AsyncGenerator[None, None]:
    """Have the statements of the block planned with these settings, and later ones of the transaction as before.

    Where the block fails, the transaction does, and its settings end with it.
    """
    if not settings:
        yield
        return
    # Read first and changed then, in one round trip: the first part is materialized before a row of the second is made.
    current = ", ".join(f"current_setting('{name}') AS s{place}" for place, name in enumerate(settings))
    names = ", ".join(f"s{place}" for place in range(len(settings)))
    statement = (
        f"WITH before AS MATERIALIZED (SELECT {current}) SELECT {names}, {_chosen(settings)} FROM before"
    )
    before = (await session.execute(text(statement))).one()[: len(settings)]
    yield
    await session.execute(text(f"SELECT {_chosen(dict(zip(settings, before, strict=True)))}"))


def _chosen(settings: Mapping[str, str]) -> str:
    return ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
