"""Seals: whether the energy a page speaks of balances with the registers, and whether the last backup comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import reflex as rx

from portal.core.energy.energy_proof import EnergyProof
from portal.core.operations.queries.restore_proofs import RestoreProofs
from portal.core.values.money import kwh_from_milliwh
from portal.ui import formats
from portal.ui.feedback import badge_for
from portal.ui.vars import sentence

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
    checked = sentence("checked {checked_at}", checked_at=formats.relative(proof.checked_at, now))
    compared = sentence(
        "{checked_at}: {day} of ",
        checked_at=formats.utc_time(proof.checked_at),
        day=formats.counted(proof.day_count, "{count} day", "{count} days"),
    )
    compared += sentence(
        "{meter} compared with the registers",
        meter=formats.counted(proof.meter_count, "{count} meter", "{count} meters"),
    )
    if not proof.differences:
        return Seal(sentence("Balanced to {off} kWh, {checked}", off=off, checked=checked), "ok", compared)
    days = formats.counted(len(proof.differences), "{count} day", "{count} days")
    return Seal(
        sentence("Off by {off} kWh on {days}, {checked}", off=off, days=days, checked=checked),
        "fail",
        compared,
    )


def build_restore_seal(found: RestoreProofs | None, now: datetime) -> Seal:
    """Return the seal of the nightly backup; `now` is aware. Where none is taken there is no seal."""
    if found is None:
        return Seal()
    latest = found.latest
    if latest.problem:
        return Seal(
            sentence("Backup not proven, {checked_at}", checked_at=formats.relative(latest.checked_at, now)),
            "fail",
            latest.problem,
        )
    restored = sentence(
        "{checked_at}: {row} restored beside, ",
        checked_at=formats.utc_time(latest.checked_at),
        row=formats.counted(latest.row_count, "{count} row", "{count} rows"),
    )
    restored += sentence(
        "{day} of {meter} compared",
        day=formats.counted(latest.day_count, "{count} day", "{count} days"),
        meter=formats.counted(latest.meter_count, "{count} meter", "{count} meters"),
    )
    tone = "ok" if now - latest.checked_at < _LATE else "warn"
    return Seal(
        sentence(
            "Backup restored and compared {checked_at}", checked_at=formats.relative(latest.checked_at, now)
        ),
        tone,
        restored,
    )


def seal(shown: Seal) -> rx.Component:
    """The seal as a badge, or nothing."""
    return rx.cond(shown.text != "", badge_for(shown.text, shown.tone, title=shown.detail), rx.fragment())
