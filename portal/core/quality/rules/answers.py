"""What a person may say about a meter event, and the decisions that come of it.

Everything is in the judge's units: instants in microseconds since 1970 (UTC), energies in milliwatt-hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from portal.core.energy.rules.judging import (
    DeclaredReadings,
    DeclaredSwitch,
    MeterDecision,
    ProposalKind,
    SwitchKind,
)


class EventAnswer(StrEnum):
    """What a person says about an event."""

    CONFIRM = "confirm"
    """It is as the judge says."""
    CORRECT = "correct"
    """It is, and the person knows more: the registers, the time, the CT ratio, or that it was a reset or a rollover."""
    REJECT = "reject"
    """It is not: what was taken for another line are faulty readings, what was taken for faulty readings is true."""
    CONTINUES = "continues"
    """The register only went on: the step is energy."""
    NOTED = "noted"
    """There is nothing to decide, and somebody has seen it."""


SWITCHES: Final = frozenset((ProposalKind.RESET, ProposalKind.EXCHANGE, ProposalKind.ROLLOVER))
"""Events in which a register goes on from another value."""
_FAULTY: Final = frozenset((ProposalKind.GLITCH, ProposalKind.CLOCK_JUMP, ProposalKind.CONFLICT))


class Box(NamedTuple):
    """Readings stamped `from_at` to `to_at` that show `least_milliwh` to `most_milliwh`, each end included."""

    from_at: int
    to_at: int
    least_milliwh: int
    most_milliwh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerableEvent:
    """An event with what an answer to it goes by.

    `before_at` and `closing_milliwh` are of the last accepted reading before it, None where there is none;
    `opening_milliwh` is what the first one behind it shows. `boxes` hold the readings that the event calls faulty, or,
    of a switch, those of the new line so far. `has_width` tells whether the digits of the register are known.
    """

    kind: ProposalKind
    at: int
    before_at: int | None
    closing_milliwh: int | None
    opening_milliwh: int | None
    boxes: Sequence[Box]
    has_width: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person knows of a switch; None: nothing. `scale` is the CT ratio that the meter does not know of."""

    kind: SwitchKind | None = None
    at: int | None = None
    closing_milliwh: int | None = None
    opening_milliwh: int | None = None
    scale: tuple[int, int] | None = None


def answers_to(event: AnswerableEvent) -> tuple[EventAnswer, ...]:
    """Return what may be said about an event, the likeliest first."""
    if event.kind in SWITCHES:
        rose = (event.opening_milliwh or 0) >= (event.closing_milliwh or 0)
        went_on = (EventAnswer.CONTINUES,) if rose else ()
        return (EventAnswer.CONFIRM, EventAnswer.CORRECT, EventAnswer.REJECT, *went_on)
    return (EventAnswer.CONFIRM, EventAnswer.REJECT) if event.kind in _FAULTY else (EventAnswer.NOTED,)


def decisions_of(
    event: AnswerableEvent, answer: EventAnswer, known: Correction | None = None
) -> tuple[MeterDecision, ...]:
    """Return what an answer decides; none where it only says that the event was seen.

    Raises `ValueError`, in words, for an answer that the event does not take, or that cannot be true.
    """
    if answer not in answers_to(event):
        msg = f"a {event.kind} takes one of {', '.join(answers_to(event))}"
        raise ValueError(msg)
    if known is not None and answer is not EventAnswer.CORRECT:
        msg = f"registers, time and CT ratio belong to '{EventAnswer.CORRECT}'"
        raise ValueError(msg)
    match answer:
        case EventAnswer.NOTED:
            return ()
        case EventAnswer.CORRECT:
            return (switch_of(event, known or Correction()),)
        case EventAnswer.CONTINUES:
            return (DeclaredSwitch(at=event.at, kind=SwitchKind.CONTINUES),)
        case EventAnswer.CONFIRM if event.kind in SWITCHES:
            return (_between(event, DeclaredSwitch(at=event.at, kind=SwitchKind(event.kind.value))),)
        case _:
            are_true = answer is EventAnswer.REJECT and event.kind in _FAULTY
            return tuple(DeclaredReadings(**box._asdict(), are_true=are_true) for box in event.boxes)


def switch_of(event: AnswerableEvent, known: Correction) -> DeclaredSwitch:
    """Return the switch that a person describes, between the readings that the event lies between.

    Raises `ValueError`, in words, for what cannot be true between them.
    """
    if known == Correction():
        msg = "say what is known: a register, the time, the CT ratio or what it was"
        raise ValueError(msg)
    kind = known.kind or SwitchKind(event.kind.value)
    at = event.at if known.at is None else known.at
    if at > event.at or (event.before_at is not None and at <= event.before_at):
        msg = "the time lies behind the last reading of the old line, and not behind the first of the new one"
        raise ValueError(msg)
    if kind is SwitchKind.ROLLOVER and not event.has_width:
        msg = "a rollover needs the number of digits of the register, which the device says"
        raise ValueError(msg)
    _check_registers(event, known)
    switch = DeclaredSwitch(
        at=at,
        kind=kind,
        closing_milliwh=known.closing_milliwh,
        opening_milliwh=known.opening_milliwh,
        scale=_sound_scale(known.scale),
    )
    return switch if known.at is not None else _between(event, switch)


def _between(event: AnswerableEvent, switch: DeclaredSwitch) -> DeclaredSwitch:
    """Return a switch of which it is known between which readings it was, and no more."""
    return replace(
        switch,
        old_at=event.before_at,
        old_milliwh=event.closing_milliwh,
        new_milliwh=event.opening_milliwh,
    )


def _check_registers(event: AnswerableEvent, known: Correction) -> None:
    closing, opening = known.closing_milliwh, known.opening_milliwh
    if closing is not None and closing < (event.closing_milliwh or 0):
        msg = "the old register's last value is not below the last reading before"
        raise ValueError(msg)
    most = event.opening_milliwh
    if opening is not None and (opening < 0 or (most is not None and opening > most)):
        msg = "the new register's first value is not above the first reading behind, and not below zero"
        raise ValueError(msg)


def _sound_scale(scale: tuple[int, int] | None) -> tuple[int, int] | None:
    if scale is not None and min(scale) <= 0:
        msg = "a CT ratio is of two whole numbers above zero, such as 100/5"
        raise ValueError(msg)
    return scale


_MOST_BOXES = 12


def boxes_around(readings: Sequence[tuple[int, int]]) -> tuple[Box, ...]:
    """Return the boxes that hold faulty readings (instant, value; ascending in time), each once: few and tight.

    Those that show zero have one of their own, from the first to the last: what is refilled later for their time shows
    something else. The others are boxed run by run, or together where these are many.
    """
    zeros = [at for at, shown in readings if shown == 0]
    found = [Box(zeros[0], zeros[-1], 0, 0)] if zeros else []
    runs: list[list[tuple[int, int]]] = []
    is_in_run = False
    for reading in readings:
        if reading[1] == 0:
            is_in_run = False
        elif is_in_run:
            runs[-1].append(reading)
        else:
            runs.append([reading])
            is_in_run = True
    if len(runs) > _MOST_BOXES:
        runs = [[reading for run in runs for reading in run]]
    found += [
        Box(run[0][0], run[-1][0], min(shown for _, shown in run), max(shown for _, shown in run))
        for run in runs
    ]
    return tuple(found)
