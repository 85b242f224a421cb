"""Second factors: the sealed secret of an app, recovery codes, and log-ins that wait for a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Factor:
    """A person's second factor; without `confirmed_at` it is being set up and asked for by nobody."""

    sealed_secret: str
    created_at: datetime
    confirmed_at: datetime | None
    codes_left: int


async def find(session: AsyncSession, user_id: UUID) -> Factor | None:
    """Return a person's second factor, confirmed or being set up."""
    row = (
        await session.execute(
            text(
                "SELECT f.sealed_secret, f.created_at, f.confirmed_at, "
                "(SELECT count(*) FROM app.recovery_codes r WHERE r.user_id = f.user_id) AS codes_left "
                "FROM app.second_factors f WHERE f.user_id = :id"
            ),
            {"id": user_id},
        )
    ).one_or_none()
    return None if row is None else Factor(*row)


async def start(session: AsyncSession, user_id: UUID, sealed_secret: str, now: datetime) -> bool:
    """Store a secret that is still to be confirmed; False where one is confirmed already."""
    started = await session.scalar(
        text(
            "INSERT INTO app.second_factors AS f (user_id, sealed_secret, created_at) VALUES (:id, :secret, :now) "
            "ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, "
            "created_at = excluded.created_at WHERE f.confirmed_at IS NULL RETURNING user_id"
        ),
        {"id": user_id, "secret": sealed_secret, "now": now},
    )
    return started is not None


async def confirm(session: AsyncSession, user_id: UUID, step: int, now: datetime) -> bool:
    """Turn the factor on; the step of the code that proved it is used up. False where it was on already."""
    return await _changed(
        session,
        "UPDATE app.second_factors SET confirmed_at = :now, last_step = :step "
        "WHERE user_id = :id AND confirmed_at IS NULL RETURNING user_id",
        {"id": user_id, "now": now, "step": step},
    )


async def use_step(session: AsyncSession, user_id: UUID, step: int) -> bool:
    """Use up a time step and those before it; False where it was used already."""
    return await _changed(
        session,
        "UPDATE app.second_factors SET last_step = :step WHERE user_id = :id AND confirmed_at IS NOT NULL "
        "AND (last_step IS NULL OR last_step < :step) RETURNING user_id",
        {"id": user_id, "step": step},
    )


async def use_recovery_code(session: AsyncSession, user_id: UUID, code_hash: str) -> bool:
    """Use up a recovery code; False where there is none such."""
    return await _changed(
        session,
        "DELETE FROM app.recovery_codes WHERE user_id = :id AND code_hash = :hash RETURNING user_id",
        {"id": user_id, "hash": code_hash},
    )


async def put_recovery_codes(session: AsyncSession, user_id: UUID, hashes: Iterable[str]) -> None:
    """Store recovery codes in the place of those before."""
    await session.execute(text("DELETE FROM app.recovery_codes WHERE user_id = :id"), {"id": user_id})
    await session.execute(
        text(
            "INSERT INTO app.recovery_codes (user_id, code_hash) SELECT :id, unnest(CAST(:hashes AS text[]))"
        ),
        {"id": user_id, "hashes": list(hashes)},
    )


async def remove(session: AsyncSession, user_id: UUID) -> bool:
    """Remove a factor and its recovery codes, and whatever log-in waits for a code; tells whether it was on."""
    await session.execute(text("DELETE FROM app.login_steps WHERE user_id = :id"), {"id": user_id})
    was_on = await session.scalar(
        text("DELETE FROM app.second_factors WHERE user_id = :id RETURNING confirmed_at IS NOT NULL"),
        {"id": user_id},
    )
    return bool(was_on)


async def put_step(
    session: AsyncSession, token_hash: str, user_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Note a log-in that waits for its code, and forget those nobody finished."""
    await session.execute(text("DELETE FROM app.login_steps WHERE expires_at <= :now"), {"now": now})
    await session.execute(
        text(
            "INSERT INTO app.login_steps (token_hash, user_id, created_at, expires_at) "
            "VALUES (:hash, :id, :now, :expires_at)"
        ),
        {"hash": token_hash, "id": user_id, "now": now, "expires_at": expires_at},
    )


async def step_owner(session: AsyncSession, token_hash: str, now: datetime) -> UUID | None:
    """Return whose log-in waits under this token, while it does and they may sign in."""
    return await session.scalar(
        text(
            "SELECT s.user_id FROM app.login_steps s JOIN app.users u ON u.id = s.user_id "
            "JOIN app.second_factors f ON f.user_id = s.user_id AND f.confirmed_at IS NOT NULL "
            "WHERE s.token_hash = :hash AND s.expires_at > :now AND u.is_active"
        ),
        {"hash": token_hash, "now": now},
    )


async def take_step(session: AsyncSession, token_hash: str) -> bool:
    """Use up a log-in that waits; False where somebody else did at the same moment."""
    return await _changed(
        session,
        "DELETE FROM app.login_steps WHERE token_hash = :hash RETURNING user_id",
        {"hash": token_hash},
    )


async def _changed(session: AsyncSession, statement: str, values: dict[str, Any]) -> bool:
    return (await session.execute(text(statement), values)).first() is not None
