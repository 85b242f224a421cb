"""Statements on how far each customer's push has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.exchange.rules.push_epoch import HeldPosition

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.exchange.rules.push_epoch import Position

_LOCKED = "SELECT epoch, mark, nonce FROM fleet.push_epochs WHERE customer_id = $1 FOR UPDATE"
_SEEN = "SELECT first_seen_at IS NOT NULL FROM fleet.customers WHERE id = $1"
_SAVE = """
INSERT INTO fleet.push_epochs (customer_id, epoch, mark, nonce) VALUES ($1, $2, $3, $4)
ON CONFLICT (customer_id) DO UPDATE SET epoch = excluded.epoch, mark = excluded.mark, nonce = excluded.nonce,
  noted_at = now()
"""


async def held(connection: asyncpg.Connection, customer_id: UUID) -> HeldPosition:
    """Return what is remembered of a customer; no other batch of it is handled until the transaction ends."""
    row = await connection.fetchrow(_LOCKED, customer_id)
    if row is not None:
        return HeldPosition(row["epoch"], row["mark"], row["nonce"], was_seen=True)
    return HeldPosition(was_seen=bool(await connection.fetchval(_SEEN, customer_id)))


async def save(connection: asyncpg.Connection, customer_id: UUID, position: Position) -> None:
    """Remember a batch that is handled in this transaction."""
    await connection.execute(_SAVE, customer_id, position.epoch, position.mark, position.nonce)


async def seen(session: AsyncSession, customer_id: UUID) -> HeldPosition:
    """Return what is remembered of a customer, to be told and not to be changed."""
    row = await session.execute(
        text(
            "SELECT e.epoch, coalesce(e.mark, 0), coalesce(e.nonce, ''), c.first_seen_at IS NOT NULL "
            "FROM fleet.customers c LEFT JOIN fleet.push_epochs e ON e.customer_id = c.id WHERE c.id = :id"
        ),
        {"id": customer_id},
    )
    found = row.one_or_none()
    return HeldPosition() if found is None else HeldPosition(found[0], found[1], found[2], was_seen=found[3])
