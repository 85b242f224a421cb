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
    current = ", ".join(f"current_setting('{name}')" for name in settings)
    before = (await session.execute(text(f"SELECT {current}"))).one()
    await _choose(session, settings)
    yield
    await _choose(session, dict(zip(settings, before, strict=True)))


async def _choose(session: AsyncSession, settings: Mapping[str, str]) -> None:
    chosen = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    await session.execute(text(f"SELECT {chosen}"))
