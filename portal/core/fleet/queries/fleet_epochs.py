"""Statements on how far each customer's push has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.database.prepared import Prepared, PreparedChange
from portal.core.exchange.rules.push_epoch import HeldPosition
from portal.core.fleet.tables import Customer, CustomerEpoch

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.exchange.rules.push_epoch import Position

_WAS_SEEN = col(Customer.first_seen_at).is_not(None)
_LOCKED = Prepared(
    select(col(CustomerEpoch.epoch), col(CustomerEpoch.mark), col(CustomerEpoch.nonce))
    .where(col(CustomerEpoch.customer_id) == bindparam("customer_id"))
    .with_for_update()
)
_SEEN = Prepared(select(_WAS_SEEN).where(col(Customer.id) == bindparam("customer_id")))
_NOTED = insert(CustomerEpoch).values(
    {name: bindparam(name) for name in ("customer_id", "epoch", "mark", "nonce")}
)
_SAVE = PreparedChange(
    _NOTED.on_conflict_do_update(
        index_elements=[col(CustomerEpoch.customer_id)],
        set_={
            **{name: _NOTED.excluded[name] for name in ("epoch", "mark", "nonce")},
            "noted_at": func.now(),
        },
    )
)


async def held(connection: asyncpg.Connection, customer_id: UUID) -> HeldPosition:
    """Return what is remembered of a customer; no other batch of it is handled until the transaction ends."""
    row = await _LOCKED.first(connection, customer_id=customer_id)
    if row is not None:
        return HeldPosition(*row, was_seen=True)
    seen = await _SEEN.first(connection, customer_id=customer_id)
    return HeldPosition(was_seen=seen is not None and seen[0])


async def save(connection: asyncpg.Connection, customer_id: UUID, position: Position) -> None:
    """Remember a batch that is handled in this transaction."""
    await _SAVE.run(
        connection,
        customer_id=customer_id,
        epoch=position.epoch,
        mark=position.mark,
        nonce=position.nonce,
    )


async def seen(session: AsyncSession, customer_id: UUID) -> HeldPosition:
    """Return what is remembered of a customer, to be told and not to be changed."""
    held = (
        select(
            col(CustomerEpoch.epoch),
            func.coalesce(col(CustomerEpoch.mark), 0),
            func.coalesce(col(CustomerEpoch.nonce), ""),
            _WAS_SEEN,
        )
        .select_from(Customer)
        .join(CustomerEpoch, col(CustomerEpoch.customer_id) == col(Customer.id), isouter=True)
        .where(col(Customer.id) == customer_id)
    )
    row = (await session.execute(held)).one_or_none()
    return HeldPosition() if row is None else HeldPosition(*row)
