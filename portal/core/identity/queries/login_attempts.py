"""Failed log-ins, counted per account and address; `rules.lockout` has the keys that stand for all of either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import collate, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.identity.rules.lockout import Count
from portal.core.identity.tables import LoginAttempts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.identity.rules.lockout import Way

Key = tuple[str, str]
_COUNT = (
    col(LoginAttempts.email),
    col(LoginAttempts.address),
    col(LoginAttempts.failures),
    col(LoginAttempts.window_at),
    col(LoginAttempts.closed_until),
    col(LoginAttempts.succeeded_at),
)
_KEY = (col(LoginAttempts.email), col(LoginAttempts.address))
# Nothing is loaded into a session here, so there is nothing to be kept up to date.
_AS_IT_IS = {"synchronize_session": False}


async def look(session: AsyncSession, ways: Sequence[Way]) -> dict[Key, Count]:
    """Return the counts that are there."""
    return _counts(await session.execute(select(*_COUNT).where(tuple_(*_KEY).in_(_in_one_order(ways)))))


async def hold(session: AsyncSession, ways: Sequence[Way], now: datetime) -> dict[Key, Count]:
    """Return the counts, made where they are not there; nobody else changes them before the transaction ends."""
    new = insert(LoginAttempts).values(
        [{"email": email, "address": address, "window_at": now} for email, address in _in_one_order(ways)]
    )
    held = new.on_conflict_do_update(index_elements=[*_KEY], set_={"window_at": col(LoginAttempts.window_at)})
    return _counts(await session.execute(held.returning(*_COUNT)))


async def put(session: AsyncSession, counts: Mapping[Key, Count]) -> None:
    """Store counts that are held."""
    await session.execute(
        update(LoginAttempts),
        [
            {
                "email": email,
                "address": address,
                "failures": count.failures,
                "window_at": count.window_at,
                "closed_until": count.closed_until,
            }
            for (email, address), count in counts.items()
        ],
    )


async def note_success(
    session: AsyncSession, email: str, address: str, now: datetime, forget_before: datetime
) -> None:
    """Forget an account's failures from an address, and every count nobody has touched for long."""
    its = (col(LoginAttempts.email) == email, col(LoginAttempts.address) == address)
    right = {"failures": 0, "closed_until": None, "succeeded_at": now, "window_at": now}
    await session.execute(update(LoginAttempts).where(*its).values(right), execution_options=_AS_IT_IS)
    # What somebody holds just now is not waited for: it is no longer untouched.
    untouched = select(*_KEY).where(col(LoginAttempts.window_at) < forget_before)
    old = untouched.with_for_update(skip_locked=True).subquery("old")
    is_old = (col(LoginAttempts.email) == old.c.email, col(LoginAttempts.address) == old.c.address)
    await session.execute(delete(LoginAttempts).where(*is_old), execution_options=_AS_IT_IS)


async def forget(session: AsyncSession, email: str) -> None:
    """Forget every failure of an account: its owner has proven themselves in another way."""
    one_order = [collate(part, "C") for part in _KEY]
    held = select(*_KEY).where(col(LoginAttempts.email) == email).order_by(*one_order).with_for_update()
    await session.execute(held)
    its = update(LoginAttempts).where(col(LoginAttempts.email) == email)
    await session.execute(its.values(failures=0, closed_until=None), execution_options=_AS_IT_IS)


def _in_one_order(ways: Sequence[Way]) -> list[Key]:
    """Return the keys in the order in which everybody takes several, so that nobody waits for each other.

    It is the one that the database calls "C": by code points.
    """
    return sorted({(way.email, way.address) for way in ways})


def _counts(
    rows: Iterable[Row[str, str, int, datetime, datetime | None, datetime | None]],
) -> dict[Key, Count]:
    return {
        (email, address): Count(failures, window_at, closed_until, has_succeeded=succeeded_at is not None)
        for email, address, failures, window_at, closed_until, succeeded_at in rows
    }
