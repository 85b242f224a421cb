"""The energy proof: every device's register difference is its hourly energy is its daily energy, to the last unit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.database.leader import led
from portal.core.energy.comparison import DayComparison, compare
from portal.core.energy.queries import energy_proofs
from portal.core.energy.queries.energy_proofs import Compared, EnergyProof, ProofDifference
from portal.core.energy.service import learn_anew, max_gap_of, recompute, refresh
from portal.core.log import logger
from portal.core.outages import Outage

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.database.layout import Layout
    from portal.core.stack import Stack

__all__ = ["EnergyProof", "ProofDifference"]

EVERY = timedelta(hours=24)
_FIRST_SECONDS = 20
_LOOK_SECONDS = 600
_LEADER_KEY = 7_301_201
_LEARN_ON = 6  # Sundays
_log = logger("energy")


async def check(stack: Stack) -> EnergyProof:
    """Compare all stored energy with the registers now, and keep the result."""
    await refresh(stack)
    proof = _proof(stack, await compare(stack.db, stack.layout, max_gap_of(stack)))
    async with stack.db.transaction() as session:
        await energy_proofs.insert(session, stack.layout, proof)
    return proof


async def repair(stack: Stack, proof: EnergyProof) -> EnergyProof:
    """Recompute the devices that differ in a proof from their readings, and check again."""
    layout = stack.layout
    meters = {layout.key(each.device_id, each.customer_id) for each in proof.differences}
    await recompute(stack, sorted(meters))
    _log.warning("Recomputing the energy of devices that differ", devices=len(meters), schema=layout.schema)
    return await check(stack)


async def recompute_all(stack: Stack) -> EnergyProof:
    """Recompute all energy from the readings, as after a change of `Billing__MaxGapMinutes`."""
    await recompute(stack)
    return await check(stack)


async def latest_proof(stack: Stack, customer_id: UUID | None = None) -> EnergyProof | None:
    """Return the last result, of all devices or of one customer's alone; None before the first."""
    async with stack.db.snapshot() as session:
        proof = await latest_in(session, stack.layout)
    return proof if proof is None or customer_id is None else energy_proofs.only_of(proof, customer_id)


async def latest_in(session: AsyncSession, layout: Layout) -> EnergyProof | None:
    """Return the last result in a transaction under way."""
    return await energy_proofs.latest(session, layout)


async def nightly(stack: Stack) -> None:
    """Check, and tidy up the storage, once a day for as long as the process runs; of several processes one does it."""
    await asyncio.sleep(_FIRST_SECONDS)
    outage = Outage(_log, "The energy is not checked")
    while True:
        with outage.noted():
            await _check_if_due(stack)
        await asyncio.sleep(_LOOK_SECONDS)


async def _check_if_due(stack: Stack) -> None:
    async with led(stack.db, _LEADER_KEY) as leads:
        if leads:
            last = await latest_proof(stack)
            # What a release before this one noted does not say whose meters it compared.
            if last is None or last.customers is None or stack.clock() - last.checked_at >= EVERY:
                await learn_anew(stack, is_weekly=stack.clock().weekday() == _LEARN_ON)
                _say(await check(stack))
                await stack.storage.tidy(stack.db)


def _say(proof: EnergyProof) -> None:
    figures = {"devices": proof.meter_count, "days": proof.day_count, "milliwh": proof.milliwh}
    if proof.differences:
        _log.error("Stored energy differs from the registers: run portal doctor --energy", **figures)
    else:
        _log.info("Stored energy balances with the registers", **figures)


def _proof(stack: Stack, found: DayComparison) -> EnergyProof:
    differences = tuple(
        ProofDifference(
            d.key[-1],
            stack.layout.customer_of(d.key),
            d.name,
            d.day,
            d.register_milliwh,
            d.hours_milliwh,
            d.day_milliwh,
        )
        for d in found.differences
    )
    customers: dict[UUID, Compared] = {}
    for key, days in found.days.items():
        if (customer := stack.layout.customer_of(key)) is not None:
            so_far = customers.get(customer, Compared(0, 0))
            customers[customer] = Compared(so_far.meter_count + 1, so_far.day_count + days)
    return EnergyProof(stack.clock(), len(found.days), sum(found.days.values()), differences, customers)
