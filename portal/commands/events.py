"""`portal event`: what seems to have happened to meters, and what people decide about it."""

from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

import typer

from portal.commands.output import AsJson, Cursor, Limit, answer, answer_page, page_asked
from portal.commands.session import with_stack
from portal.core import energy
from portal.core.energy.rules.judging import SwitchKind
from portal.core.energy.rules.judging.decision_fields import fields_of
from portal.core.errors import Invalid
from portal.core.fleet.service import customers
from portal.core.quality.rules.answers import Correction, EventAnswer
from portal.core.quality.rules.event_ids import EventId
from portal.core.quality.rules.event_words import event_in_words
from portal.core.quality.rules.typed_values import milliwh_of, scale_of
from portal.core.quality.service import meter_events
from portal.core.quality.service.meter_events import DecisionLine, StoredDecision, StoredEvent
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.pages import Page
from portal.core.values.time import epoch_microseconds, iso_utc, parse_instant, whole_seconds

event_verbs = typer.Typer(
    help="Meter events: what waits for a decision, and deciding (at the Client).", no_args_is_help=True
)
Customer = Annotated[str | None, typer.Option(help="Customer code (Admin).")]
Note = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Closing = Annotated[str | None, typer.Option("--closing-kwh", help="What the old register showed last.")]
Opening = Annotated[str | None, typer.Option("--opening-kwh", help="What the new register showed first.")]
Ratio = Annotated[
    str | None,
    typer.Option("--ct-ratio", help="Such as 100/5, from then on, where the meter does not know it."),
]
At = Annotated[str | None, typer.Option("--at", help="When, such as 2026-11-24T10:35:00+02:00.")]


@event_verbs.command("list")
def list_events(
    show_all: Annotated[bool, typer.Option("--all", help="Those too that wait for nobody.")] = False,
    customer: Customer = None,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List the meter events that wait for a decision, the latest first."""
    asked = page_asked(limit, cursor, 1)

    async def ask(stack: Stack) -> Page[StoredEvent]:
        customer_id = await _customer(stack, customer)
        return await meter_events.list_events(stack, customer_id, is_waiting=not show_all, asked=asked)

    answer_page("events", with_stack(ask), _event_line, as_json=as_json, fields=_event_fields)


@event_verbs.command("decide")
def decide(
    event: str,
    says: Annotated[EventAnswer, typer.Argument(help="What happened.")],
    note: Note,
    as_json: AsJson = False,
) -> None:
    """Decide about an event, by its id (Client)."""
    _say(with_stack(lambda stack: _decide(stack, event, says, note), mode=RunMode.CLIENT), as_json=as_json)


@event_verbs.command("correct")
def correct(
    event: str,
    note: Note,
    kind: Annotated[SwitchKind | None, typer.Option(help="What it was, where it was something else.")] = None,
    at: At = None,
    closing: Closing = None,
    opening: Opening = None,
    ct_ratio: Ratio = None,
    as_json: AsJson = False,
) -> None:
    """Say more about an exchange, a reset or a rollover: registers, time, CT ratio (Client)."""
    known = _correction(kind, at, closing, opening, ct_ratio)
    made = with_stack(
        lambda stack: _decide(stack, event, EventAnswer.CORRECT, note, known), mode=RunMode.CLIENT
    )
    _say(made, as_json=as_json)


async def _decide(
    stack: Stack, event: str, says: EventAnswer, note: str, known: Correction | None = None
) -> tuple[StoredDecision, ...]:
    made = await meter_events.decide(stack, event, says, note, known)
    await energy.refresh(stack)
    return made


@event_verbs.command("declare")
def declare(
    device: Annotated[str, typer.Argument(help="External id of the meter.")],
    kind: Annotated[SwitchKind, typer.Argument(help="What happened.")],
    at: Annotated[str, typer.Option("--at", help="When, such as 2026-11-24T10:35:00+02:00.")],
    note: Note,
    closing: Closing = None,
    opening: Opening = None,
    ct_ratio: Ratio = None,
    as_json: AsJson = False,
) -> None:
    """Declare another meter, another CT ratio, a reset or a rollover at a time (Client)."""
    known = _correction(kind, at, closing, opening, ct_ratio)

    async def work(stack: Stack) -> tuple[StoredDecision, ...]:
        made = await meter_events.declare(stack, device.strip(), known, note)
        await energy.refresh(stack)
        return made

    _say(with_stack(work, mode=RunMode.CLIENT), as_json=as_json)


@event_verbs.command("undo")
def undo(
    decision: Annotated[UUID, typer.Argument(help="Id of the decision.")],
    note: Note,
    as_json: AsJson = False,
) -> None:
    """Undo a decision by another one (Client)."""

    async def work(stack: Stack) -> tuple[StoredDecision, ...]:
        made = await meter_events.undo(stack, decision, note)
        await energy.refresh(stack)
        return made

    _say(with_stack(work, mode=RunMode.CLIENT), as_json=as_json)


@event_verbs.command("decisions")
def list_decisions(
    customer: Customer = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was decided, the latest first."""

    async def ask(stack: Stack) -> tuple[DecisionLine, ...]:
        return await meter_events.list_decisions(stack, await _customer(stack, customer), most=limit)

    lines = with_stack(ask)
    shown = [
        _fields(line.decision) | {"device_name": line.device_name, "is_in_force": line.is_in_force}
        for line in lines
    ]
    words = "\n".join(map(_decision_line, lines)) or "Nothing was decided yet."
    answer({"decisions": shown}, words, as_json=as_json)


async def _customer(stack: Stack, code: str | None) -> UUID | None:
    is_admin = stack.settings.run_mode is RunMode.ADMIN
    if code is not None and not is_admin:
        message = "--customer is for the Admin: a Client's events are its own"
        raise Invalid(message)
    if code is None:
        return None
    return await customers.find_customer_id(stack, code)


def _correction(
    kind: SwitchKind | None, at: str | None, closing: str | None, opening: str | None, ct_ratio: str | None
) -> Correction:
    try:
        return Correction(
            kind=kind,
            at=None if at is None else epoch_microseconds(parse_instant(at)),
            closing_milliwh=milliwh_of(_kwh(closing)),
            opening_milliwh=milliwh_of(_kwh(opening)),
            scale=None if ct_ratio is None else scale_of(ct_ratio),
        )
    except ValueError as error:
        raise Invalid(str(error)) from None


def _kwh(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        message = f"{text!r} is no number of kWh"
        raise Invalid(message) from None


def _event_line(event: StoredEvent) -> str:
    return f"{event.id}\n  {event_in_words(event.kind)}: {event.device_name} at {event.site_name}, {iso_utc(event.at)}"


def _event_fields(event: StoredEvent) -> dict[str, object]:
    closing, opening = event.closing_milliwh, event.opening_milliwh
    return {
        "id": event.id,
        "device_id": event.device_id,
        "device_name": event.device_name,
        "external_id": event.external_id,
        "site_name": event.site_name,
        "kind": event.kind,
        "at": event.at,
        "until": event.until,
        "readings": event.readings,
        "closing_kwh": None if closing is None else kwh_from_milliwh(closing),
        "opening_kwh": None if opening is None else kwh_from_milliwh(opening),
        "kwh": kwh_from_milliwh(event.milliwh),
        "reasons": event.reasons,
        "shift_seconds": None if event.shift is None else whole_seconds(event.shift),
        "learned_kw": None if event.watts is None else kwh_from_milliwh(event.watts * 1000),
        "proposed_at": event.proposed_at,
        "is_waiting": event.is_waiting,
    }


def _decision_line(line: DecisionLine) -> str:
    decision = line.decision
    about = "undone" if decision.undoes else (decision.event_kind or "declared")
    held = "" if line.is_in_force or decision.undoes else " (does not hold any more)"
    return (
        f"{decision.id}: {line.device_name}, {about}, {iso_utc(decision.decided_at)}"
        f" by {decision.author}: {decision.note}{held}"
    )


def _say(made: tuple[StoredDecision, ...], *, as_json: bool) -> None:
    words = f"Decided: {', '.join(str(each.id) for each in made)}."
    result = {"id": made[0].id, "decisions": [_fields(each) for each in made]}
    answer(result, words, as_json=as_json)


def _fields(decision: StoredDecision) -> dict[str, object]:
    about = None
    if decision.event_kind is not None and decision.event_at is not None:
        about = str(EventId(decision.key[-1], decision.event_kind, epoch_microseconds(decision.event_at)))
    return {
        "id": decision.id,
        "device_id": decision.key[-1],
        "event_id": about,
        "says": None if decision.says is None else fields_of(decision.says),
        "undoes": decision.undoes,
        "note": decision.note,
        "author": decision.author,
        "decided_at": decision.decided_at,
    }
