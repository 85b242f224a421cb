"""The energy between accepted readings that are no neighbours in a span: links of the judge, and declared ones."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from portal.core.energy.rules.judging.decisions import DeclaredSwitch, Era, SwitchKind
from portal.core.energy.rules.judging.judgement import Link
from portal.core.energy.rules.judging.limits import Limits, scaled
from portal.core.energy.rules.judging.states import LinkKind


class AcceptedReading(NamedTuple):
    """An accepted reading by its index, with what the register showed, as such and in primary energy."""

    reading: int
    at: int
    shown: int
    register: int


def judged_link(before: AcceptedReading, after: AcceptedReading, kind: LinkKind, width: int | None) -> Link:
    """Return a link within an era; `width` is that of the register, in primary energy."""
    energy = {
        LinkKind.RISE: after.register - before.register,
        LinkKind.RESET: after.register,
        LinkKind.ROLLOVER: after.register - before.register + (width or 0),
        LinkKind.EXCHANGE: 0,
    }
    return Link(before.reading, after.reading, kind, energy[kind])


def declared_link(
    before: AcceptedReading, old: Era, after: AcceptedReading, later: Sequence[Era], limits: Limits
) -> Link:
    """Return the link from the last reading of an era to the first of a later one.

    `later` are the eras after `old`, up to that of `after`; those between them have no accepted reading. `limits` are
    those of `old`. What a person has not said is no energy, and neither is what would be less than none.
    """
    switches = [era.begins for era in later if era.begins]
    if len(switches) == 1 and _is_overtaken(before, old, after, later[0], limits):
        switches = [
            replace(switches[0], kind=SwitchKind.CONTINUES, closing_milliwh=None, opening_milliwh=None)
        ]
    closed = _closing(before, old, switches[0], after)
    opened = _opening(before, later[-1], switches[-1], after)
    between = sum(_of_unread(era, following) for era, following in pairwise(later))
    energy_before = 0 if closed is None else max(0, closed - before.register)
    energy_after = 0 if opened is None else max(0, after.register - opened)
    kind = switches[0].kind if len(switches) == 1 else SwitchKind.EXCHANGE
    total = energy_before + between + energy_after
    return Link(before.reading, after.reading, kind, total, switches[0].at, energy_before)


def _is_overtaken(
    before: AcceptedReading, old: Era, after: AcceptedReading, new: Era, limits: Limits
) -> bool:
    """Tell whether readings that came later show that the register only went on where a switch was declared.

    A board was away while the register began again, and sends what it has of the new line after somebody has decided:
    the first reading that was known of it then is one among others now, and the switch was before them.
    """
    switch = new.begins
    rise, span = after.register - before.register, after.at - before.at
    if switch is None or switch.kind is SwitchKind.CONTINUES or new.scale != old.scale:
        return False
    if not limits.within(rise, span):
        return False
    closing, opening = switch.closing_milliwh, switch.opening_milliwh
    if closing is not None:
        return not limits.within(scaled(closing, old.scale) - before.register, span)
    if switch.kind is SwitchKind.EXCHANGE:
        return opening is not None and scaled(opening, new.scale) <= before.register
    return switch.kind is SwitchKind.ROLLOVER or opening is None


def _closing(before: AcceptedReading, old: Era, switch: DeclaredSwitch, after: AcceptedReading) -> int | None:
    """Return what the old register showed at a switch, in primary energy; None where nobody knows."""
    shown = switch.closing_milliwh
    if shown is None and switch.kind is SwitchKind.CONTINUES:
        shown = _at_switch(before, switch, after)
    if shown is None and switch.kind is SwitchKind.ROLLOVER:
        shown = old.facts.width_milliwh
    return None if shown is None else scaled(shown, old.scale)


def _opening(before: AcceptedReading, new: Era, switch: DeclaredSwitch, after: AcceptedReading) -> int | None:
    """Return what the new register showed at a switch, in primary energy; None where nobody knows."""
    shown = switch.opening_milliwh
    if shown is None and switch.kind is SwitchKind.CONTINUES:
        shown = _at_switch(before, switch, after)
    if shown is None and switch.kind in {SwitchKind.RESET, SwitchKind.ROLLOVER}:
        shown = 0
    return None if shown is None else scaled(shown, new.scale)


def _at_switch(before: AcceptedReading, switch: DeclaredSwitch, after: AcceptedReading) -> int:
    """Return what a register that went on showed at a switch: as said, else in proportion to time."""
    said = switch.closing_milliwh if switch.opening_milliwh is None else switch.opening_milliwh
    if said is not None:
        return said
    return before.shown + (after.shown - before.shown) * (switch.at - before.at) // (after.at - before.at)


def _of_unread(era: Era, following: Era) -> int:
    """Return the energy of a register that was there between two switches and has no accepted reading."""
    opened = era.begins and era.begins.opening_milliwh
    closed = following.begins and following.begins.closing_milliwh
    if opened is None or closed is None:
        return 0
    return max(0, scaled(closed, era.scale) - scaled(opened, era.scale))
