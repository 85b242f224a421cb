"""Meter events: what the judge proposes, and what people decide about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from portal.core.audit import queries as audit
from portal.core.audit.acting import present
from portal.core.energy.queries import decisions as decisions_stored
from portal.core.energy.queries.decisions import StoredDecision
from portal.core.energy.queries.rejudging import judge_again
from portal.core.energy.rules.judging import ProposalKind, SwitchKind, in_force
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.fleet.queries import customers as customer_queries
from portal.core.quality.queries import meter_events as queries
from portal.core.quality.queries.judged_windows import answerable, look_around
from portal.core.quality.queries.meter_events import EventsAsked, StoredEvent, WaitingOfCustomer
from portal.core.quality.rules.answers import (
    AnswerableEvent,
    Correction,
    EventAnswer,
    answers_to,
    decisions_of,
    switch_of,
)
from portal.core.quality.rules.event_ids import event_id
from portal.core.sites.queries import devices
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.texts import sound_name
from portal.core.values.time import epoch_microseconds, instant_of
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portal.core.database.db import AsyncSession
    from portal.core.energy.rules.judging import MeterDecision
    from portal.core.sites.queries.devices import StoredDevice
    from portal.core.stack import Stack

__all__ = ["StoredDecision", "StoredEvent", "WaitingOfCustomer"]

LONGEST_NOTE = 1000
_LONGEST_AUTHOR = 254
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class EventWithAnswers:
    """An event, what may be said about it, and what was decided about it before."""

    event: StoredEvent
    answers: tuple[EventAnswer, ...]
    decisions: tuple[StoredDecision, ...]


@dataclass(frozen=True)
class DecisionLine:
    """A decision with the name of its meter; `is_in_force`: nobody has undone it."""

    decision: StoredDecision
    device_name: str
    site_name: str
    is_in_force: bool


async def list_events(
    stack: Stack,
    customer_id: UUID | None = None,
    *,
    device_id: UUID | None = None,
    is_waiting: bool = True,
    asked: Asked = EVERYTHING,
) -> Page[StoredEvent]:
    """Return a page of the events that wait for a person, or of all that are proposed, the latest first.

    `customer_id` is whose (Admin; None: of all). Raises `NotFound` for an unknown customer.
    """
    _check_page(asked)
    async with stack.db.snapshot() as session:
        await _require_customer(session, customer_id)
        wanted = EventsAsked(customer_id, device_id, is_waiting)
        found = await queries.list_events(session, stack.layout, wanted, asked)
    return page_of(found, asked, lambda event: (event.id,))


async def count_waiting(stack: Stack, customer_id: UUID | None = None) -> int:
    """Return how many events wait for a person."""
    async with stack.db.snapshot() as session:
        return await queries.count_waiting(session, stack.layout, customer_id)


async def waiting_by_customer(stack: Stack) -> list[WaitingOfCustomer]:
    """Return the customers (Admin) with events that wait for a person, those with the most first."""
    async with stack.db.snapshot() as session:
        return await queries.waiting_by_customer(session, stack.layout)


async def get_event(stack: Stack, name: str, customer_id: UUID | None = None) -> EventWithAnswers:
    """Return an event by its id. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        event = await queries.named_event(session, stack.layout, name, customer_id)
        found = await decisions_stored.decisions_of_meters(session, stack.layout, [event.key])
    about = tuple(
        each
        for each in found.get(event.key, [])
        if (each.event_kind, each.event_at) == (event.kind, event.at)
    )
    asked = AnswerableEvent(
        kind=event.kind,
        at=epoch_microseconds(event.at),
        before_at=None,
        closing_milliwh=event.closing_milliwh,
        opening_milliwh=event.opening_milliwh,
        boxes=(),
    )
    return EventWithAnswers(event, answers_to(asked), about)


async def list_decisions(
    stack: Stack, customer_id: UUID | None = None, *, most: int | None = None
) -> tuple[DecisionLine, ...]:
    """Return what was decided, the latest first; at most `most`. Raises `NotFound` for an unknown customer."""
    async with stack.db.snapshot() as session:
        await _require_customer(session, customer_id)
        rows = await queries.list_decided(session, stack.layout, customer_id, most)
        found = await decisions_stored.decisions_of_meters(
            session, stack.layout, dict.fromkeys(row.key for row in rows)
        )
    lines: list[DecisionLine] = []
    for row in rows:
        its = found.get(row.key, [])
        decision = next((each for each in its if each.id == row.id), None)
        if decision is not None:
            lines.append(DecisionLine(decision, row.device_name, row.site_name, _holds(its, decision)))
    return tuple(lines)


async def decide(
    stack: Stack, name: str, answer: EventAnswer, note: str, known: Correction | None = None
) -> tuple[StoredDecision, ...]:
    """Decide about an event of a Client: with a note, in the name of whoever acts; returns the decisions made.

    What they change is recomputed by the next refresh. Raises `Invalid` for an answer that the event does not take or
    that cannot be true, `NotFound`, and `Conflict` where it was decided already: that decision is undone first.
    """
    note = _sound_note(note)
    async with stack.db.transaction() as session:
        event = await queries.named_event(session, stack.layout, name)
        device = await _lock(session, stack, event.device_id)
        before = (await decisions_stored.decisions_of_meters(session, stack.layout, [event.key])).get(
            event.key, []
        )
        if any(
            (each.event_kind, each.event_at) == asked_of(event) and _holds(before, each) for each in before
        ):
            message = noted("This was decided already. Undo that decision first.")
            raise Conflict(message)
        window = await look_around(session, stack.layout, event.key, event.at, stack.clock())
        try:
            says = decisions_of(answerable(event, window), answer, known)
        except ValueError as error:
            raise Invalid(_sentence(error)) from None
        made = _made(stack, event.key, asked_of(event), says or (None,), note, before)
        await _store(session, stack, made)
        detail = f"{event.kind} of {event.at.isoformat()}: {answer}; {note}"
        await audit.record(session, "meter_event.decided", device.external_id, detail)
    return made


async def declare(
    stack: Stack, device: UUID | str, known: Correction, note: str
) -> tuple[StoredDecision, ...]:
    """Declare what happened to a meter at a time: another meter, another CT ratio, a reset, a rollover.

    `device` is its id or its external id; `known` says when and what. Raises `NotFound`, `Invalid`.
    """
    note = _sound_note(note)
    if known.at is None or known.kind is None:
        message = noted("Say when it was, and what: exchange, reset, rollover or continues")
        raise Invalid(message)
    at = instant_of(known.at)
    async with stack.db.transaction() as session:
        found = await _lock(session, stack, device)
        key = stack.layout.key(found.id)
        window = await look_around(session, stack.layout, key, at, stack.clock())
        before, after = window.around(known.at)
        times, shown = window.judgement.times, window.judgement.shown
        event = AnswerableEvent(
            kind=ProposalKind.EXCHANGE,
            at=known.at if after is None else times[after],
            before_at=None if before is None else times[before],
            closing_milliwh=None if before is None else shown[before],
            opening_milliwh=None if after is None else shown[after],
            boxes=(),
            has_width=window.facts.width_milliwh is not None,
        )
        try:
            says = switch_of(event, _from_zero(known))
        except ValueError as error:
            raise Invalid(_sentence(error)) from None
        its = (await decisions_stored.decisions_of_meters(session, stack.layout, [key])).get(key, [])
        about = (None, None if after is None else instant_of(times[after]))
        made = _made(stack, key, about, (says,), note, its)
        await _store(session, stack, made)
        detail = f"{known.kind} at {at.isoformat()}; {note}"
        await audit.record(session, "meter_event.declared", found.external_id, detail)
    return made


async def undo(stack: Stack, decision_id: UUID, note: str) -> tuple[StoredDecision, ...]:
    """Undo a decision, and what was decided with it, by another one; returns the decisions made.

    Raises `Invalid` without a note, `NotFound`, and `Conflict` for one that was undone, or that undoes itself.
    """
    note = _sound_note(note)
    async with stack.db.transaction() as session:
        device_id = await queries.device_of_decision(session, stack.layout, decision_id)
        if device_id is None:
            message = noted("There is no such decision")
            raise NotFound(message)
        device = await _lock(session, stack, device_id)
        key = stack.layout.key(device_id)
        its = (await decisions_stored.decisions_of_meters(session, stack.layout, [key]))[key]
        undone = next(each for each in its if each.id == decision_id)
        if undone.undoes is not None or not _holds(its, undone):
            message = noted("This decision does not hold any more. Decide anew instead of undoing it.")
            raise Conflict(message)
        together = [each for each in its if _is_of_one(each, undone) and _holds(its, each)]
        made = tuple(
            replace(new, undoes=each.id)
            for each in together
            for new in _made(stack, key, (each.event_kind, each.event_at), (None,), note, its)
        )
        await _store(session, stack, made, also=together)
        detail = f"{undone.event_kind or 'switch'} of {undone.event_at or undone.decided_at}; {note}"
        await audit.record(session, "meter_event.undone", device.external_id, detail)
    return made


def _from_zero(known: Correction) -> Correction:
    """Return what is known of a reset with what that says of the register, whatever the readings around it show."""
    is_from_zero = known.kind is SwitchKind.RESET and known.opening_milliwh is None
    return replace(known, opening_milliwh=0) if is_from_zero else known


def asked_of(event: StoredEvent) -> tuple[ProposalKind, datetime]:
    """Return what names an event of a meter in a decision."""
    return event.kind, event.at


def _check_page(asked: Asked) -> None:
    if asked.after is not None:
        try:
            event_id(asked.after[0])
        except ValueError:
            message = noted("'cursor' is not the `next` of a page of this list")
            raise Invalid(message) from None


async def _lock(session: AsyncSession, stack: Stack, device: UUID | str) -> StoredDevice:
    """Return a device of a Client, about which nobody else decides meanwhile. Raises `NotFound`."""
    if isinstance(device, str):
        found = await devices.find_device(session, device, stack.clock(), for_change=True)
    else:
        found = await devices.get_device(session, device, stack.clock(), for_change=True)
    if found is None:
        message = noted("There is no such device")
        raise NotFound(message)
    return found


async def _require_customer(session: AsyncSession, customer_id: UUID | None) -> None:
    if customer_id is not None and not await customer_queries.is_known(session, customer_id):
        message = noted("There is no such customer")
        raise NotFound(message)


def _sound_note(note: str) -> str:
    return sound_name("The note, which is kept with the decision,", note, LONGEST_NOTE)


def _sentence(error: ValueError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _made(
    stack: Stack,
    key: tuple[UUID, ...],
    about: tuple[ProposalKind | None, datetime | None],
    says: Sequence[MeterDecision | None],
    note: str,
    before: Sequence[StoredDecision],
) -> tuple[StoredDecision, ...]:
    """Return new decisions of whoever acts; behind those made `before`, also where the clock was set back."""
    author = (present().name or present().kind)[:_LONGEST_AUTHOR]
    latest = max((each.decided_at + _MICROSECOND for each in before), default=None)
    now = stack.clock() if latest is None else max(stack.clock(), latest)
    return tuple(StoredDecision(key, uuid4(), *about, each, None, note, author, now) for each in says)


async def _store(
    session: AsyncSession,
    stack: Stack,
    made: Sequence[StoredDecision],
    also: Sequence[StoredDecision] = (),
) -> None:
    await decisions_stored.insert_decisions(session, stack.layout, made)
    await judge_again(session, stack.layout, [*made, *also])


def _holds(decisions: Sequence[StoredDecision], one: StoredDecision) -> bool:
    """Tell whether a decision is in force among those of its meter; one that undoes is not looked at."""
    if one.undoes is not None:
        return False
    if one.says is not None:
        return any(each is one.says for each in in_force(each.recorded for each in decisions))
    undoing = {each.undoes for each in decisions if each.undoes is not None}
    return one.id not in undoing


def _is_of_one(one: StoredDecision, other: StoredDecision) -> bool:
    """Tell whether two decisions were made together, about one event."""
    return (one.event_kind, one.event_at, one.decided_at, one.undoes) == (
        other.event_kind,
        other.event_at,
        other.decided_at,
        None,
    )
