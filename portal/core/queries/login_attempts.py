"""Failed log-ins, counted per account and address; `domain.lockout` has the keys that stand for all of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from portal.core.domain.lockout import Count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.domain.lockout import Way

Key = tuple[str, str]
_COLUMNS = "t.email, t.address, t.failures, t.window_at, t.closed_until, t.succeeded_at"
_KEYS = "unnest(CAST(:emails AS text[]), CAST(:addresses AS text[]))"
# Everybody takes several counts in this order, whatever the database sorts by, so that nobody waits for each other.
_ONE_ORDER = 'ORDER BY k.email COLLATE "C", k.address COLLATE "C"'


async def look(session: AsyncSession, ways: Sequence[Way]) -> dict[Key, Count]:
    """Return the counts that are there."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM app.login_attempts t JOIN {_KEYS} AS k (email, address) USING (email, address)"
        ),
        _keys(ways),
    )
    return _counts(rows)


async def hold(session: AsyncSession, ways: Sequence[Way], now: datetime) -> dict[Key, Count]:
    """Return the counts, made where they are not there; nobody else changes them before the transaction ends."""
    rows = await session.execute(
        text(
            "INSERT INTO app.login_attempts AS t (email, address, window_at) SELECT k.email, k.address, :now "
            f"FROM {_KEYS} AS k (email, address) {_ONE_ORDER} "
            f"ON CONFLICT (email, address) DO UPDATE SET window_at = t.window_at RETURNING {_COLUMNS}"
        ),
        _keys(ways) | {"now": now},
    )
    return _counts(rows)


async def put(session: AsyncSession, counts: Mapping[Key, Count]) -> None:
    """Store counts that are held."""
    await session.execute(
        text(
            "UPDATE app.login_attempts AS t SET failures = :failures, window_at = :window_at, "
            "closed_until = :closed_until WHERE email = :email AND address = :address"
        ),
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
    await session.execute(
        text(
            "UPDATE app.login_attempts SET failures = 0, closed_until = NULL, succeeded_at = :now, window_at = :now "
            "WHERE email = :email AND address = :address"
        ),
        {"email": email, "address": address, "now": now},
    )
    await session.execute(
        # What somebody holds just now is not waited for: it is no longer untouched.
        text(
            "DELETE FROM app.login_attempts AS t USING (SELECT email, address FROM app.login_attempts "
            "WHERE window_at < :before FOR UPDATE SKIP LOCKED) AS old "
            "WHERE t.email = old.email AND t.address = old.address"
        ),
        {"before": forget_before},
    )


async def forget(session: AsyncSession, email: str) -> None:
    """Forget every failure of an account: its owner has proven themselves in another way."""
    await session.execute(
        text(
            "WITH held AS (SELECT email, address FROM app.login_attempts k WHERE email = :email "
            f"{_ONE_ORDER} FOR UPDATE) "
            "UPDATE app.login_attempts AS t SET failures = 0, closed_until = NULL FROM held h "
            "WHERE t.email = h.email AND t.address = h.address"
        ),
        {"email": email},
    )


def _keys(ways: Sequence[Way]) -> dict[str, object]:
    return {"emails": [way.email for way in ways], "addresses": [way.address for way in ways]}


def _counts(rows: Iterable[Any]) -> dict[Key, Count]:
    return {
        (row.email, row.address): Count(
            row.failures, row.window_at, row.closed_until, has_succeeded=row.succeeded_at is not None
        )
        for row in rows
    }
