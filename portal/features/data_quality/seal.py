"""Seals: whether the energy a page speaks of balances with the registers, and whether the last backup comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import reflex as rx

from portal.core.energy.energy_proof import EnergyProof
from portal.core.operations.queries.restore_proofs import RestoreProofs
from portal.core.values.money import kwh_from_milliwh
from portal.ui import formats
from portal.ui.feedback import badge_for

_LATE = timedelta(days=2)


@dataclass(frozen=True)
class Seal:
    """What the seal says; nothing where nothing was compared."""

    text: str = ""
    tone: str = "neutral"
    detail: str = ""


def build_seal(proof: EnergyProof | None, now: datetime) -> Seal:
    """Return the seal of a check; `now` is aware. What was not compared does not balance: it has no seal."""
    if proof is None or not (proof.day_count or proof.differences):
        return Seal()
    off = formats.number(kwh_from_milliwh(proof.milliwh), 3)
    checked = f"checked {formats.relative(proof.checked_at, now)}"
    compared = f"{formats.utc_time(proof.checked_at)}: {formats.count(proof.day_count, 'day')} of "
    compared += f"{formats.count(proof.meter_count, 'meter')} compared with the registers"
    if not proof.differences:
        return Seal(f"Balanced to {off} kWh, {checked}", "ok", compared)
    days = formats.count(len(proof.differences), "day")
    return Seal(f"Off by {off} kWh on {days}, {checked}", "fail", compared)


def build_restore_seal(found: RestoreProofs | None, now: datetime) -> Seal:
    """Return the seal of the nightly backup; `now` is aware. Where none is taken there is no seal."""
    if found is None:
        return Seal()
    latest = found.latest
    if latest.problem:
        return Seal(f"Backup not proven, {formats.relative(latest.checked_at, now)}", "fail", latest.problem)
    restored = (
        f"{formats.utc_time(latest.checked_at)}: {formats.count(latest.row_count, 'row')} restored beside, "
    )
    restored += (
        f"{formats.count(latest.day_count, 'day')} of {formats.count(latest.meter_count, 'meter')} compared"
    )
    tone = "ok" if now - latest.checked_at < _LATE else "warn"
    return Seal(f"Backup restored and compared {formats.relative(latest.checked_at, now)}", tone, restored)


def seal(shown: Seal) -> rx.Component:
    """The seal as a badge, or nothing."""
    return rx.cond(shown.text != "", badge_for(shown.text, shown.tone, title=shown.detail), rx.fragment())
