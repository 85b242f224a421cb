"""Second factors: the sealed secret of an app, recovery codes, and log-ins that wait for a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.identity.tables import LoginStep, RecoveryCode, SecondFactor, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Delete, Update
    from sqlalchemy.ext.asyncio import AsyncSession

_CODES_LEFT = (
    select(func.count(col(RecoveryCode.code_hash)))
    .where(col(RecoveryCode.user_id) == col(SecondFactor.user_id))
    .correlate(SecondFactor)
    .scalar_subquery()
)


@dataclass(frozen=True)
class Factor:
    """A person's second factor; without `confirmed_at` it is being set up and asked for by nobody."""

    sealed_secret: str
    created_at: datetime
    confirmed_at: datetime | None
    codes_left: int


async def find(session: AsyncSession, user_id: UUID) -> Factor | None:
    """Return a person's second factor, confirmed or being set up."""
    factor = select(
        col(SecondFactor.sealed_secret),
        col(SecondFactor.created_at),
        col(SecondFactor.confirmed_at),
        _CODES_LEFT,
    )
    row = (await session.execute(factor.where(col(SecondFactor.user_id) == user_id))).one_or_none()
    return None if row is None else Factor(*row)


async def start(session: AsyncSession, user_id: UUID, sealed_secret: str, now: datetime) -> bool:
    """Store a secret that is still to be confirmed; False where one is confirmed already."""
    begun = {"sealed_secret": sealed_secret, "created_at": now}
    new = insert(SecondFactor).values(user_id=user_id, **begun)
    started = new.on_conflict_do_update(
        index_elements=[col(SecondFactor.user_id)], set_=begun, where=col(SecondFactor.confirmed_at).is_(None)
    )
    return await session.scalar(started.returning(col(SecondFactor.user_id))) is not None


async def confirm(session: AsyncSession, user_id: UUID, step: int, now: datetime) -> bool:
    """Turn the factor on; the step of the code that proved it is used up. False where it was on already."""
    unconfirmed = update(SecondFactor).where(
        col(SecondFactor.user_id) == user_id, col(SecondFactor.confirmed_at).is_(None)
    )
    return await _changed(session, unconfirmed.values(confirmed_at=now, last_step=step))


async def use_step(session: AsyncSession, user_id: UUID, step: int) -> bool:
    """Use up a time step and those before it; False where it was used already."""
    is_later = or_(col(SecondFactor.last_step).is_(None), col(SecondFactor.last_step) < step)
    confirmed = update(SecondFactor).where(
        col(SecondFactor.user_id) == user_id, col(SecondFactor.confirmed_at).is_not(None), is_later
    )
    return await _changed(session, confirmed.values(last_step=step))


async def use_recovery_code(session: AsyncSession, user_id: UUID, code_hash: str) -> bool:
    """Use up a recovery code; False where there is none such."""
    its = (col(RecoveryCode.user_id) == user_id, col(RecoveryCode.code_hash) == code_hash)
    return await _changed(session, delete(RecoveryCode).where(*its))


async def put_recovery_codes(session: AsyncSession, user_id: UUID, hashes: Iterable[str]) -> None:
    """Store recovery codes in the place of those before; there is at least one."""
    await session.execute(delete(RecoveryCode).where(col(RecoveryCode.user_id) == user_id))
    rows = [{"user_id": user_id, "code_hash": code_hash} for code_hash in hashes]
    await session.execute(insert(RecoveryCode).values(rows))


async def remove(session: AsyncSession, user_id: UUID) -> bool:
    """Remove a factor and its recovery codes, and whatever log-in waits for a code; tells whether it was on."""
    await session.execute(delete(LoginStep).where(col(LoginStep.user_id) == user_id))
    gone = (
        delete(SecondFactor)
        .where(col(SecondFactor.user_id) == user_id)
        .returning(col(SecondFactor.confirmed_at).is_not(None))
    )
    return bool(await session.scalar(gone))


async def put_step(
    session: AsyncSession, token_hash: str, user_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Note a log-in that waits for its code, and forget those nobody finished."""
    await session.execute(delete(LoginStep).where(col(LoginStep.expires_at) <= now))
    await session.execute(
        insert(LoginStep).values(
            token_hash=token_hash, user_id=user_id, created_at=now, expires_at=expires_at
        )
    )


async def step_owner(session: AsyncSession, token_hash: str, now: datetime) -> UUID | None:
    """Return whose log-in waits under this token, while it does and they may sign in."""
    waiting = col(LoginStep.user_id)
    owner = (
        select(waiting)
        .join(User, col(User.id) == waiting)
        .join(SecondFactor, col(SecondFactor.user_id) == waiting)
    )
    return await session.scalar(
        owner.where(
            col(SecondFactor.confirmed_at).is_not(None),
            col(LoginStep.token_hash) == token_hash,
            col(LoginStep.expires_at) > now,
            col(User.is_active),
        )
    )


async def take_step(session: AsyncSession, token_hash: str) -> bool:
    """Use up a log-in that waits; False where somebody else did at the same moment."""
    return await _changed(session, delete(LoginStep).where(col(LoginStep.token_hash) == token_hash))


async def _changed(session: AsyncSession, change: Update | Delete) -> bool:
    """Make a change; tells whether there was a row for it."""
    return (await session.execute(change.returning(literal(1)))).first() is not None
