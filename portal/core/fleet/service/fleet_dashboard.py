"""The operators' dashboard: who loses data first, who is behind, and what the fleet does now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from portal.core import energy
from portal.core.fleet.queries import customer_list, fleet_debt, fleet_energy, fleet_samples, refused_pushes
from portal.core.fleet.queries.customer_list import CustomerCounts, ListedCustomer
from portal.core.fleet.queries.fleet_debt import FleetPower, SilentBoards
from portal.core.fleet.queries.fleet_samples import FleetMoment, ReceivedCounts
from portal.core.fleet.queries.local_midnights import local_midnights
from portal.core.fleet.rules.customer_lists import ACTIVE_WITHIN, CustomersAsked, CustomerStatus
from portal.core.fleet.rules.data_debt import BOARD_KEEPS, SILENT_AFTER, DebtLine, worst_first
from portal.core.fleet.rules.energy_windows import EnergyWindow
from portal.core.fleet.rules.push_diagnosis import waiting_estimate
from portal.core.values.time import present_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.fleet.queries.local_midnights import LocalMidnights
    from portal.core.stack import Stack

__all__ = ["FleetMoment", "FleetNow", "ReceivedCounts"]

_DAY = timedelta(hours=24)
_WEEK = timedelta(days=7)
_RECENT = timedelta(minutes=15)
_SHOWN = 12


@dataclass(frozen=True)
class FleetNow:
    """The fleet at a moment; `debt` are the worst of `debt_count` customers of which something is missing.

    `moments` are of the last 24 hours, `active_before` is how many were active a day ago, None where nobody looked.
    """

    counts: CustomerCounts
    power: FleetPower
    today_kwh: Decimal
    energy_as_of: AsOf
    debt: tuple[DebtLine, ...]
    debt_count: int
    silent_customers: int
    moments: tuple[FleetMoment, ...]
    active_before: int | None
    received: ReceivedCounts
    unknown_pushes: int
    at: datetime


async def fleet_now(stack: Stack, open_events: tuple[tuple[UUID, int], ...] = ()) -> FleetNow:
    """Return the fleet as it is now; energies count since midnight where each site is.

    `open_events` are the customers with meter events that wait for a person, and how many, the most first.
    """
    now = stack.clock()
    # Side by side: the last readings of all meters take as long as everything else.
    figures, (power, silent) = await asyncio.gather(_figures(stack, now), _boards(stack, now))
    async with stack.db.snapshot() as session:
        lines, count = await _debt(session, now, figures.midnights, silent, dict(open_events))
    day = figures.moments
    return FleetNow(
        counts=figures.counts,
        power=power,
        today_kwh=figures.today_kwh,
        energy_as_of=figures.energy_as_of,
        debt=tuple(worst_first(lines, now)[:_SHOWN]),
        debt_count=count,
        silent_customers=len(silent),
        moments=day,
        active_before=day[0].active if day and now - day[0].at > _DAY - ACTIVE_WITHIN else None,
        received=figures.received,
        unknown_pushes=figures.unknown_pushes,
        at=now,
    )


class _Figures(NamedTuple):
    """What is known of the fleet without a look at its readings."""

    midnights: LocalMidnights
    counts: CustomerCounts
    today_kwh: Decimal
    energy_as_of: AsOf
    moments: tuple[FleetMoment, ...]
    received: ReceivedCounts
    unknown_pushes: int


async def _figures(stack: Stack, now: datetime) -> _Figures:
    async with energy.stored(stack) as stored:
        session = stored.session
        midnights = await local_midnights(session, now, stack.settings.application.time_zone)
        sites = await fleet_energy.energy_of_sites(session, fleet_energy.today_windows(midnights))
        unknown = await refused_pushes.unknown_pushes(session, _SHOWN)
        return _Figures(
            midnights=midnights,
            counts=await customer_list.counts(session, CustomersAsked(), _moments(now)),
            today_kwh=fleet_energy.total_kwh(sites),
            energy_as_of=stored.as_of,
            moments=await fleet_samples.moments_since(session, now - _DAY),
            received=await fleet_samples.received_since(session, now - ACTIVE_WITHIN),
            unknown_pushes=sum(each.pushes for each in unknown if each.last_at > now - ACTIVE_WITHIN),
        )


async def _boards(stack: Stack, now: datetime) -> tuple[FleetPower, tuple[SilentBoards, ...]]:
    async with stack.db.snapshot() as session:
        return await fleet_debt.reported(session, _of_boards(now))


async def week_before_kwh(stack: Stack) -> Decimal | None:
    """Return what the fleet had used a week ago at this time of the day; None of nothing."""
    now = stack.clock()
    async with stack.db.snapshot() as session:
        midnights = await local_midnights(session, now, stack.settings.application.time_zone)
        zones = [(None, midnights.own), *midnights.in_zone.items()]
        windows = [EnergyWindow(zone, at - _WEEK, now - _WEEK) for zone, at in zones]
        sites = await fleet_energy.energy_of_sites(session, windows)
    return fleet_energy.total_kwh(sites) if sites else None


def _moments(now: datetime) -> dict[str, object]:
    return {"now": now, "active_since": now - ACTIVE_WITHIN}


def _of_boards(now: datetime) -> dict[str, object]:
    return {
        "until": present_until(now),
        "recent": now - _RECENT,
        "silent_before": now - SILENT_AFTER,
        "active_since": now - ACTIVE_WITHIN,
        "board_keeps": BOARD_KEEPS,
    }


async def _debt(
    session: AsyncSession,
    now: datetime,
    midnights: LocalMidnights,
    silent: Sequence[SilentBoards],
    open_events: Mapping[UUID, int],
) -> tuple[list[DebtLine], int]:
    """Return the customers that may be among the worst, and how many there are."""
    moments = _moments(now)
    waiting, waiting_count = await fleet_debt.in_debt(session, moments, _SHOWN)
    of_boards = {each.customer_id: each for each in silent}
    # Those that lose readings next are not the ones that have been silent longest, if these have lost theirs.
    ahead = [each for each in silent if each.full_at > now]
    next_full = [each.customer_id for each in sorted(ahead, key=lambda each: each.full_at)[:_SHOWN]]
    first_silent = [each.customer_id for each in silent[:_SHOWN]]
    ids = list(dict.fromkeys([*waiting, *next_full, *first_silent, *list(open_events)[:_SHOWN]]))
    found = await customer_list.customers_of(session, ids, moments, midnights)
    usual = await fleet_debt.usual_rows(
        session, [each.id for each in found if each.state is not CustomerStatus.ACTIVE]
    )
    lines = [
        replace(_line(each, of_boards.get(each.id), usual, now), open_events=open_events.get(each.id, 0))
        for each in found
    ]
    others = {*of_boards, *open_events} - set(waiting)
    return lines, waiting_count + len(others)


def _line(
    customer: ListedCustomer, boards: SilentBoards | None, usual: Mapping[UUID, int], now: datetime
) -> DebtLine:
    push, last = customer.push, customer.last_seen_at
    is_estimate = customer.state is not CustomerStatus.ACTIVE
    waiting = 0 if push is None else push.waiting_rows
    if is_estimate and last is not None:
        waiting += waiting_estimate(usual.get(customer.id, 0), _DAY, now - last)
    oldest = None if push is None or not push.waiting_rows else push.oldest_at
    return DebtLine(
        customer_id=customer.id,
        code=customer.code,
        name=customer.name,
        state=customer.state,
        silent_boards=0 if boards is None else boards.boards,
        silent_since=None if boards is None else boards.silent_since,
        silent_site="" if boards is None else boards.site_name,
        waiting_rows=waiting,
        is_estimate=is_estimate,
        given_up_rows=0 if push is None else push.given_up_rows,
        oldest_at=oldest or (last if is_estimate else None),
        drain_seconds=push.drain_seconds if push is not None and not is_estimate and waiting else None,
        refusal=customer.refusal,
        last_seen_at=last,
        full_at=None if boards is None else boards.full_at,
        full_is_known=boards is not None and boards.is_known,
    )
