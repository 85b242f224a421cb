"""The energy seal: whether the energy a page speaks of balances with the registers, and when that was checked."""

from dataclasses import dataclass
from datetime import datetime

import reflex as rx

from portal.core.energy.energy_proof import EnergyProof
from portal.core.values.money import kwh_from_milliwh
from portal.ui import formats
from portal.ui.feedback import badge_for


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


def seal(shown: Seal) -> rx.Component:
    """The seal as a badge, or nothing."""
    return rx.cond(shown.text != "", badge_for(shown.text, shown.tone, title=shown.detail), rx.fragment())
