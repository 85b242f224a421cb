"""Statements that change a customer of the Admin: added, its token replaced, opened and closed, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, literal, select, text, union_all, update
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlmodel import col

from portal.core.database import reading_locks, small_keys
from portal.core.database.rows import is_so
from portal.core.fleet.queries import erasure
from portal.core.fleet.tables import Customer, EndedToken
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class LockedCustomer:
    """A customer as it is until the end of the transaction, and its version."""

    code: str
    name: str
    is_active: bool
    version: str


async def insert(session: AsyncSession, code: str, name: str, token_hash: str, now: datetime) -> UUID | None:
    """Add a customer; None when the code is taken, in whatever case."""
    new = insert_into(Customer).values(
        code=code,
        name=name,
        token_hash=token_hash,
        token_issued_at=now,
        number=await small_keys.give_out_customer(session),
    )
    return await session.scalar(new.on_conflict_do_nothing().returning(col(Customer.id)))


async def lock(
    session: AsyncSession, customer_id: UUID, *, for_removal: bool = False
) -> LockedCustomer | None:
    """Return a customer and keep it as it is until the end of the transaction; None when there is none.

    `for_removal` also keeps everybody from adding anything that refers to it.
    """
    customer = select(
        col(Customer.id),
        col(Customer.code),
        col(Customer.name),
        col(Customer.is_active),
        col(Customer.token_issued_at),
        col(Customer.token_rotated_at),
    ).where(col(Customer.id) == customer_id)
    row = (await session.execute(customer.with_for_update(key_share=not for_removal))).one_or_none()
    if row is None:
        return None
    _, code, name, is_active, *_ = row
    return LockedCustomer(code, name, is_active, version_of(*row))


async def rotate(
    session: AsyncSession, customer_id: UUID, token_hash: str, now: datetime, previous_until: datetime | None
) -> None:
    """Put a new token in place; the present one becomes the previous, or ends without `previous_until`.

    Whose the tokens that end were is kept.
    """
    await session.execute(_ended(customer_id, now, is_present_too=previous_until is None))
    rotated = (
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(
            previous_token_hash=None if previous_until is None else col(Customer.token_hash),
            previous_token_expires_at=previous_until,
            token_hash=token_hash,
            token_rotated_at=now,
        )
    )
    await session.execute(rotated)


def _ended(customer_id: UUID, now: datetime, *, is_present_too: bool) -> Insert:
    """Return what keeps the previous token of a customer as ended, and its present one with it."""
    previous = select(
        col(Customer.previous_token_hash),
        col(Customer.id),
        func.least(col(Customer.previous_token_expires_at), now),
    ).where(col(Customer.id) == customer_id, col(Customer.previous_token_hash).is_not(None))
    present = select(col(Customer.token_hash), col(Customer.id), literal(now)).where(
        col(Customer.id) == customer_id
    )
    ended = union_all(previous, present) if is_present_too else previous
    new = insert_into(EndedToken).from_select(["token_hash", "customer_id", "ended_at"], ended)
    return new.on_conflict_do_nothing()


async def set_active(session: AsyncSession, customer_id: UUID, *, is_active: bool) -> None:
    """Open or close a customer."""
    await session.execute(update(Customer).where(col(Customer.id) == customer_id).values(is_active=is_active))


async def keep_writers_out(session: AsyncSession, customer_id: UUID) -> None:
    """Let nobody store readings of a customer until this transaction has ended."""
    number = await session.scalar(select(col(Customer.number)).where(col(Customer.id) == customer_id))
    if number is not None:
        await reading_locks.keep_writers_out(session, number)


async def has_readings(session: AsyncSession, customer_id: UUID) -> bool:
    """Tell whether any reading of a customer is stored."""
    return await is_so(session, _HAS_READINGS, {"id": customer_id})


_HAS_READINGS = """
SELECT EXISTS (SELECT 1 FROM fleet.readings WHERE customer = (SELECT number FROM fleet.customers WHERE id = :id))
    OR EXISTS (SELECT 1 FROM fleet.wide_times WHERE customer_id = :id)
"""


async def remove(session: AsyncSession, customer_id: UUID) -> None:
    """Delete a customer without readings, and everything that is kept of it.

    Nobody may be storing readings of it meanwhile: see `portal.core.database.reading_locks`.
    """
    number = await session.scalar(select(col(Customer.number)).where(col(Customer.id) == customer_id))
    for part in await erasure.holders(session):
        whose = number if part.key == "customer" else customer_id
        gone = f"DELETE FROM {part.name} WHERE {part.key} = :whose"
        await session.execute(text(gone), {"whose": whose})
    await session.execute(delete(Customer).where(col(Customer.id) == customer_id))
