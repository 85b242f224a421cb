"""Settings of PostgreSQL for some statements only: limits, and hints to a query planner whose statistics mislead it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.database.rows import row_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


class _Settings(NamedTuple):
    had: list[str]
    chosen: list[str]


@asynccontextmanager
async def local_settings(session: AsyncSession, settings: Mapping[str, str]) -> AsyncGenerator[None, None]:
    """Have the statements of the block run with these settings, and later ones of the transaction as before.

    Where the block fails, the transaction does, and its settings end with it.
    """
    if not settings:
        yield
        return
    # Read first and changed then, in one round trip: the first part is materialized before a row of the second is made.
    current = ", ".join(f"current_setting('{name}')" for name in settings)
    before = await row_of(
        session,
        _Settings,
        f"WITH before AS MATERIALIZED (SELECT ARRAY[{current}] AS had) "
        f"SELECT had, ARRAY[{_chosen(settings)}] AS chosen FROM before",
    )
    yield
    await session.execute(text(f"SELECT {_chosen(dict(zip(settings, before.had, strict=True)))}"))


def _chosen(settings: Mapping[str, str]) -> str:
    return ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
