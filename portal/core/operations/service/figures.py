"""How the push stands, in figures for those who watch many stacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.operations.queries import figures as queries
from portal.core.operations.queries.figures import CustomerFigures
from portal.core.outbox.queries import push
from portal.core.settings import RunMode
from portal.core.sites.queries.board_clocks import clocks_off

if TYPE_CHECKING:
    from datetime import datetime

    from portal.core.stack import Stack

__all__ = ["CustomerFigures"]

_PUSHING_WITHIN = timedelta(hours=1)
_NAMED_CLOCKS = 100
"""Each is a series of its own to whoever watches."""


@dataclass(frozen=True)
class ClientPush:
    """A Client's push: rows that wait, what failed in a row and when it last worked, by resource. Instants are UTC."""

    is_enabled: bool
    is_link_down: bool
    waiting: int
    refused: int
    dead_letters: int
    oldest_at: datetime | None
    failures: dict[str, int]
    synced_at: dict[str, datetime]


@dataclass(frozen=True)
class Fleet:
    """All customers together; `pushing` did so within the hour. `each` is None unless it was asked for."""

    customers: int
    enabled: int
    pushing: int
    waiting: int
    oldest_at: datetime | None
    each: tuple[CustomerFigures, ...] | None


async def client_push(stack: Stack) -> ClientPush:
    """Return how the push of a Client stands. Raises as the database does."""
    async with stack.db.transaction() as session:
        await push.limit_waiting(session)
        states, backlog = await push.load_states(session), await push.backlog(session)
    return ClientPush(
        is_enabled=stack.settings.fleet_ingest.enabled,
        is_link_down=any(state.is_stopped for state in states.values()),
        waiting=backlog.waiting_rows,
        refused=backlog.retry_rows,
        dead_letters=backlog.dead_letters,
        oldest_at=backlog.oldest_received_at,
        failures={kind.value: state.consecutive_failures for kind, state in states.items()},
        synced_at={
            kind.value: state.last_synced_at
            for kind, state in states.items()
            if state.last_synced_at is not None
        },
    )


@dataclass(frozen=True)
class BoardClocks:
    """How many boards' clocks are wrong; those furthest off by their devices' external ids, where they are known."""

    count: int
    furthest: dict[str, timedelta]


async def board_clocks(stack: Stack) -> BoardClocks:
    """Return how the clocks of the boards of active devices stand. Raises as the database does."""
    async with stack.db.snapshot() as session:
        if stack.settings.run_mode is RunMode.ADMIN:
            return BoardClocks(await queries.fleet_clocks_off(session), {})
        found = await clocks_off(session)
    found.sort(key=lambda clock: abs(clock.skew), reverse=True)
    return BoardClocks(len(found), {clock.external_id: clock.skew for clock in found[:_NAMED_CLOCKS]})


async def fleet(stack: Stack, *, with_each: bool = False) -> Fleet:
    """Return how the customers of an Admin stand, by one pass over their table. Raises as the database does."""
    pushed_since = stack.clock() - _PUSHING_WITHIN
    async with stack.db.snapshot() as session:
        found = await queries.fleet_totals(session, pushed_since)
        each = await queries.each_customer(session) if with_each else None
    return Fleet(found.customers, found.enabled, found.pushing, found.waiting, found.oldest_at, each)
