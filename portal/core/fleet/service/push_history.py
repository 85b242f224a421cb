"""Why a customer's batches land or do not: what it pushed over a time, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.errors import NotFound
from portal.core.fleet.queries import customer_list, fleet_views, refused_pushes
from portal.core.fleet.queries import push_history as queries
from portal.core.fleet.queries.local_midnights import LocalMidnights
from portal.core.fleet.queries.push_history import PushBucket, StoredBatchLine
from portal.core.fleet.rules.customer_lists import ACTIVE_WITHIN, CustomerStatus
from portal.core.fleet.rules.push_diagnosis import PushCause, PushFacts, diagnose, waiting_estimate
from portal.core.words import noted

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.fleet.queries.customer_list import ListedCustomer
    from portal.core.fleet.queries.fleet_views import EventFilter
    from portal.core.fleet.rules.refused_pushes import Refusal
    from portal.core.fleet.tables import UnknownPush
    from portal.core.stack import Stack

__all__ = ["PushBucket", "PushHistory", "StoredBatchLine"]

_DAY = timedelta(hours=24)
_UNKNOWN_SHOWN = 10


@dataclass(frozen=True)
class PushHistory:
    """What a customer pushed since an instant, in buckets of a `width`, and what there is to say of it.

    `waiting_rows` are what waits at its Client, as it said itself or, `is_estimate`, as its usual rate makes it.
    `unknown` are pushes of the last day with tokens that nobody has; they may be this customer's.
    """

    customer: ListedCustomer
    cause: PushCause
    refusals: tuple[Refusal, ...]
    last_stored: StoredBatchLine | None
    since: datetime
    width: timedelta
    buckets: tuple[PushBucket, ...]
    event_count: int
    waiting_rows: int
    is_estimate: bool
    unknown: tuple[UnknownPush, ...]


async def push_history(
    stack: Stack, customer_id: UUID, wanted: EventFilter, since: datetime, width: timedelta
) -> PushHistory:
    """Return what a customer pushed since an aware instant. Raises `NotFound`."""
    now = stack.clock()
    moments: dict[str, object] = {"now": now, "active_since": now - ACTIVE_WITHIN}
    async with stack.db.snapshot() as session:
        found = await customer_list.customers_of(
            session, [customer_id], moments, LocalMidnights(now, {}, now)
        )
        if not found:
            message = noted("There is no such customer")
            raise NotFound(message)
        [customer] = found
        refusals = await queries.present_refusals(session, customer_id, now)
        buckets = await queries.buckets(session, customer_id, since, width, wanted.batch_type)
        waiting, is_estimate = await _waiting(session, customer, now)
        facts = PushFacts(
            customer.state is not CustomerStatus.DISABLED,
            customer.last_seen_at,
            refusals,
            sum(bucket.rows_rejected for bucket in buckets),
        )
        unknown = await refused_pushes.unknown_pushes(session, _UNKNOWN_SHOWN)
        return PushHistory(
            customer,
            diagnose(facts, now),
            refusals,
            await queries.last_stored(session, customer_id),
            since,
            width,
            buckets,
            await fleet_views.count_events(session, customer_id, wanted),
            waiting,
            is_estimate,
            tuple(each for each in unknown if each.last_at > now - _DAY),
        )


async def _waiting(session: AsyncSession, customer: ListedCustomer, now: datetime) -> tuple[int, bool]:
    """Return how many rows wait at a Client, and whether that is an estimate: it says so itself while it pushes."""
    last = customer.last_seen_at
    if last is None:
        return 0, True
    if now - last <= ACTIVE_WITHIN:
        return (0 if customer.push is None else customer.push.waiting_rows), False
    usual = await queries.rows_between(session, customer.id, last - _DAY, last)
    said = 0 if customer.push is None else customer.push.waiting_rows
    return said + waiting_estimate(usual, _DAY, now - last), True
