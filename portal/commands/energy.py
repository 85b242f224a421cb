"""`portal doctor --energy`: does all stored energy balance with the registers?"""

import asyncio

import typer

from portal.commands.output import answer
from portal.core.database.migrations import require_migrated
from portal.core.energy import energy_proof
from portal.core.energy.energy_proof import EnergyProof, ProofDifference
from portal.core.settings import Settings
from portal.core.stack import opened_stack
from portal.core.values.money import kwh_from_milliwh


def prove_energy(settings: Settings, *, as_json: bool, repair: bool, recompute: bool) -> None:
    """Compare, repair or recompute as asked, say what differs; exits with 1 when something still does."""
    proof = asyncio.run(_prove(settings, repair=repair, recompute=recompute))
    answer(proof, words_of(proof), as_json=as_json)
    if proof.differences:
        raise typer.Exit(1)


async def _prove(settings: Settings, *, repair: bool, recompute: bool) -> EnergyProof:
    async with opened_stack(settings, application_name="portal-doctor") as stack:
        await require_migrated(stack.db, settings.run_mode)
        if recompute:
            return await energy_proof.recompute_all(stack)
        found = await energy_proof.check(stack)
        if not (repair and found.differences):
            return found
        # On standard error: the answer on standard output is what is left after the repair.
        typer.echo("\n".join(map(_line, found.differences)), err=True)
        return await energy_proof.repair(stack, found)


def words_of(proof: EnergyProof) -> str:
    """What a comparison found, for people."""
    compared = f"{_count(proof.day_count, 'day')} of {_count(proof.meter_count, 'meter')} compared"
    if not proof.differences:
        return f"Balanced to {kwh_from_milliwh(0):.3f} kWh: {compared}."
    total = kwh_from_milliwh(proof.milliwh)
    head = f"Off by {total:.6f} kWh on {_count(len(proof.differences), 'day')}: {compared}."
    return "\n".join(
        [head, *map(_line, proof.differences), "Run portal doctor --energy --repair to recompute."]
    )


def _line(difference: ProofDifference) -> str:
    register, hours, day = (
        f"{kwh_from_milliwh(milliwh):.6f}"
        for milliwh in (difference.register_milliwh, difference.hours_milliwh, difference.day_milliwh)
    )
    return f"{difference.day}  {difference.device}  register {register}  hours {hours}  day {day} kWh"


def _count(amount: int, noun: str) -> str:
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
