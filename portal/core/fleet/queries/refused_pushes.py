"""Statements on pushes that were refused as a whole: one row of each type of a customer, and the last of nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.database.prepared import PreparedChange
from portal.core.exchange.batches import known_type
from portal.core.fleet.rules.refused_pushes import KEPT_UNKNOWN, RefusedPush
from portal.core.fleet.tables import Customer, EndedToken, PushRefusal, UnknownPush

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta
    from uuid import UUID

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.fleet.queries.fleet_batches import HandledBatch

_UNKNOWN_KEY = (col(UnknownPush.address), col(UnknownPush.token_length), col(UnknownPush.token_last4))
_NEW = insert(PushRefusal).values(
    customer_id=bindparam("customer_id"),
    batch_type=bindparam("batch_type"),
    status=bindparam("status"),
    reason=bindparam("reason"),
    token_last4=bindparam("token_last4"),
    refused=bindparam("refused"),
)
_SAVED = PreparedChange(
    _NEW.on_conflict_do_update(
        index_elements=[col(PushRefusal.customer_id), col(PushRefusal.batch_type)],
        set_={
            "status": _NEW.excluded.status,
            "reason": _NEW.excluded.reason,
            "token_last4": _NEW.excluded.token_last4,
            "last_at": _NEW.excluded.last_at,
            "refused": col(PushRefusal.refused) + _NEW.excluded.refused,
        },
    )
)
# Whoever pushed anything since then has begun anew: what is refused now is not the old trouble going on.
_BEGUN_ANEW = PreparedChange(
    update(PushRefusal)
    .where(
        col(PushRefusal.customer_id) == bindparam("of_customer"),
        col(PushRefusal.batch_type) == bindparam("of_type"),
        select(col(Customer.id))
        .where(
            col(Customer.id) == col(PushRefusal.customer_id),
            col(Customer.last_seen_at) > col(PushRefusal.last_at),
        )
        .exists(),
    )
    .values(first_at=func.now(), refused=0)
)


async def save_refusal(
    connection: asyncpg.Connection,
    customer_id: UUID,
    batch: HandledBatch,
    *,
    times: int = 1,
    token_last4: str = "",
) -> None:
    """Keep why a customer's batch was refused, `times` in a row, on a connection of the driver."""
    batch_type = known_type(batch.batch_type)
    await _BEGUN_ANEW.run(connection, of_customer=customer_id, of_type=batch_type)
    await _SAVED.run(
        connection,
        customer_id=customer_id,
        batch_type=batch_type,
        status=batch.status,
        reason=batch.error,
        token_last4=token_last4,
        refused=times,
    )


async def had_tokens(
    session: AsyncSession, hashes: Collection[str], now: datetime
) -> dict[str, tuple[UUID, datetime | None]]:
    """Return whose some hashes are that open nothing, and when each ended; None is of a customer that is disabled."""
    wanted = list(hashes)
    replaced = select(col(EndedToken.token_hash), col(EndedToken.customer_id), col(EndedToken.ended_at))
    previous = select(
        col(Customer.previous_token_hash), col(Customer.id), col(Customer.previous_token_expires_at)
    )
    ended = union_all(
        replaced.where(col(EndedToken.token_hash).in_(wanted)),
        previous.where(
            col(Customer.previous_token_hash).in_(wanted), col(Customer.previous_token_expires_at) <= now
        ),
    )
    found: dict[str, tuple[UUID, datetime | None]] = {
        token_hash: (customer, at) for token_hash, customer, at in await session.execute(ended)
    }
    disabled = select(col(Customer.token_hash), col(Customer.previous_token_hash), col(Customer.id)).where(
        col(Customer.is_active).is_(False),
        col(Customer.token_hash).in_(wanted) | col(Customer.previous_token_hash).in_(wanted),
    )
    for token_hash, previous_hash, customer in await session.execute(disabled):
        for its_hash in (token_hash, previous_hash):
            if its_hash is not None and its_hash in hashes:
                found[its_hash] = customer, None
    return found


async def was_refused_within(
    session: AsyncSession, customer_id: UUID, batch_type: str, time: timedelta
) -> bool:
    """Tell whether a batch of this type of a customer was refused so lately, by the database's clock."""
    lately = select(col(PushRefusal.last_at) > func.now() - time).where(
        col(PushRefusal.customer_id) == customer_id, col(PushRefusal.batch_type) == batch_type
    )
    return bool(await session.scalar(lately))


async def save_unknown(session: AsyncSession, push: RefusedPush, times: int) -> None:
    """Keep pushes with a token that nobody has or had."""
    new = insert(UnknownPush).values(
        address=push.address,
        token_length=push.token_length,
        token_last4=push.token_last4,
        batch_type=push.batch_type,
        pushes=times,
    )
    await session.execute(
        new.on_conflict_do_update(
            index_elements=list(_UNKNOWN_KEY),
            set_={
                "batch_type": new.excluded.batch_type,
                "last_at": new.excluded.last_at,
                "pushes": col(UnknownPush.pushes) + new.excluded.pushes,
            },
        )
    )


async def forget_old_unknown(session: AsyncSession) -> None:
    """Keep the last ones of nobody's only."""
    kept = select(*_UNKNOWN_KEY).order_by(col(UnknownPush.last_at).desc(), *_UNKNOWN_KEY).limit(KEPT_UNKNOWN)
    await session.execute(delete(UnknownPush).where(tuple_(*_UNKNOWN_KEY).not_in(kept)))


async def unknown_pushes(session: AsyncSession, most: int) -> tuple[UnknownPush, ...]:
    """Return the last of nobody's, newest first."""
    found = await session.scalars(
        select(UnknownPush).order_by(col(UnknownPush.last_at).desc(), col(UnknownPush.address)).limit(most)
    )
    return tuple(found)


async def refusals_of(session: AsyncSession, customer_id: UUID) -> tuple[PushRefusal, ...]:
    """Return the last refused batch of each type of a customer, newest first."""
    found = await session.scalars(
        select(PushRefusal)
        .where(col(PushRefusal.customer_id) == customer_id)
        .order_by(col(PushRefusal.last_at).desc(), col(PushRefusal.batch_type))
    )
    return tuple(found)
