"""Failed log-ins, counted per account and address; `*` stands for all of either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.domain.lockout import ANY, CODES, Bound, Standing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def hold(session: AsyncSession, email: str, address: str, now: datetime) -> None:
    """Let the attempts of an account from an address come one after the other, to the transaction's end."""
    await session.execute(
        text(
            "INSERT INTO app.login_attempts AS t (email, address, window_at) VALUES (:email, :address, :now) "
            "ON CONFLICT (email, address) DO UPDATE SET window_at = t.window_at"
        ),
        {"email": email, "address": address, "now": now},
    )


async def standing(session: AsyncSession, email: str, address: str) -> Standing:
    """Return how an account stands with an address."""
    rows = await session.execute(
        text(
            "SELECT email, address, closed_until, succeeded_at FROM app.login_attempts "
            "WHERE (email = :email AND address IN (:address, :any, :codes)) OR (email = :any AND address = :address)"
        ),
        {"email": email, "address": address, "any": ANY, "codes": CODES},
    )
    found = {(row.email, row.address): row for row in rows}
    closed = {key: row.closed_until for key, row in found.items()}
    pair = found.get((email, address))
    return Standing(
        pair_until=closed.get((email, address)),
        address_until=closed.get((ANY, address)),
        account_until=closed.get((email, ANY)),
        codes_until=closed.get((email, CODES)),
        is_known=pair is not None and pair.succeeded_at is not None,
    )


async def count(
    session: AsyncSession, email: str, address: str, bound: Bound, now: datetime
) -> datetime | None:
    """Count one failure; returns until when the way is closed where this one reached the bound."""
    keys = {"email": email, "address": address}
    failures = await session.scalar(
        text(
            "INSERT INTO app.login_attempts AS t (email, address, failures, window_at) "
            "VALUES (:email, :address, 1, :now) ON CONFLICT (email, address) DO UPDATE SET "
            "failures = CASE WHEN t.window_at <= :start THEN 1 ELSE t.failures + 1 END, "
            "window_at = CASE WHEN t.window_at <= :start THEN :now ELSE t.window_at END RETURNING failures"
        ),
        keys | {"now": now, "start": now - bound.window},
    )
    if failures is None or failures < bound.failures:
        return None
    until = now + bound.closed_for
    await session.execute(
        text(
            "UPDATE app.login_attempts SET failures = 0, closed_until = :until "
            "WHERE email = :email AND address = :address"
        ),
        keys | {"until": until},
    )
    return until


async def take_back(session: AsyncSession, email: str, address: str, bound: Bound, *, closed: bool) -> None:
    """Uncount an attempt that was right but opens nothing yet; `closed`: it was the one that reached the bound."""
    await session.execute(
        text(
            "UPDATE app.login_attempts SET failures = CASE WHEN :closed THEN :most ELSE greatest(failures - 1, 0) END, "
            "closed_until = CASE WHEN :closed THEN NULL ELSE closed_until END "
            "WHERE email = :email AND address = :address"
        ),
        {"email": email, "address": address, "closed": closed, "most": bound.failures - 1},
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
        text("DELETE FROM app.login_attempts WHERE window_at < :before"), {"before": forget_before}
    )


async def forget(session: AsyncSession, email: str) -> None:
    """Forget every failure of an account: its owner has proven themselves in another way."""
    await session.execute(
        text("UPDATE app.login_attempts SET failures = 0, closed_until = NULL WHERE email = :email"),
        {"email": email},
    )
