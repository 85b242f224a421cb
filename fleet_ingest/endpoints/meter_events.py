"""Meter events: read in either run mode, decided about at the Client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer, page_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of, trigger_refresh
from fleet_ingest.event_payloads import (
    DecisionAnswer,
    DecisionLineAnswer,
    DecisionLinesAnswer,
    DecisionsAnswer,
    EffectAnswer,
    MeterEventDetailAnswer,
    MeterEventsAnswer,
    NewDecision,
    NewSwitch,
    NewUndoing,
    ProposedEventAnswer,
    SpanEffectAnswer,
)
from fleet_ingest.parameters import choice_parameter, integer_parameter, json_body, page_asked, uuid_parameter
from portal.core.energy.rules.judging.decision_fields import fields_of
from portal.core.errors import Invalid
from portal.core.quality.rules.answers import Correction
from portal.core.quality.rules.event_ids import EventId
from portal.core.quality.rules.typed_values import milliwh_of, scale_of
from portal.core.quality.service import effects, meter_events
from portal.core.values.money import kwh_from_milliwh, round_money
from portal.core.values.time import epoch_microseconds, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.energy.rules.judging import SwitchKind
    from portal.core.quality.rules.effects import SpanEffect
    from portal.core.quality.service.effects import AnsweredEvent
    from portal.core.quality.service.meter_events import StoredDecision, StoredEvent

CREATED = 201
STATES = ("open", "all")
MOST_DECISIONS = 500


async def get_events(request: Request) -> Response:
    """Page through the meter events that wait for a person, or all that are proposed."""
    await admin_of(request)
    page = await meter_events.list_events(
        stack_of(request),
        _customer_id(request),
        device_id=uuid_parameter(request, "deviceId"),
        is_waiting=choice_parameter(request, "state", STATES) != "all",
        asked=page_asked(request, 1),
    )
    shown = MeterEventsAnswer(events=[_event(each) for each in page.items], next=page.next)
    return page_answer(request, shown, page.next)


async def get_event(request: Request) -> Response:
    """Show one meter event, and what each answer to it would do to energy and money."""
    await admin_of(request)
    stack, customer_id, name = stack_of(request), _customer_id(request), request.path_params["event_id"]
    answered = await effects.effects_of(stack, name, customer_id)
    return json_answer(_detail(answered))


async def get_decisions(request: Request) -> Response:
    """List what was decided, the latest first."""
    await admin_of(request)
    most = integer_parameter(request, "limit", 100)
    if not 1 <= most <= MOST_DECISIONS:
        message = f"'limit' must be 1 to {MOST_DECISIONS}"
        raise Invalid(message)
    lines = await meter_events.list_decisions(stack_of(request), _customer_id(request), most=most)
    shown = [
        DecisionLineAnswer(
            **_decision_fields(line.decision),
            device_name=line.device_name,
            site_name=line.site_name,
            is_in_force=line.is_in_force,
        )
        for line in lines
    ]
    return json_answer(DecisionLinesAnswer(decisions=shown))


async def post_decision(request: Request) -> Response:
    """Decide about a meter event."""
    await admin_of(request)
    wanted = await json_body(request, NewDecision)
    known = _correction(wanted, wanted.kind, None if wanted.at is None else epoch_microseconds(wanted.at))
    made = await meter_events.decide(
        stack_of(request),
        request.path_params["event_id"],
        wanted.answer,
        wanted.note,
        None if known == Correction() else known,
    )
    return _decided(request, made)


async def post_switch(request: Request) -> Response:
    """Declare another meter, another CT ratio, a reset or a rollover at a time."""
    await admin_of(request)
    wanted = await json_body(request, NewSwitch)
    known = _correction(wanted, wanted.kind, epoch_microseconds(wanted.at))
    made = await meter_events.declare(stack_of(request), wanted.device_id, known, wanted.note)
    return _decided(request, made)


async def post_undoing(request: Request) -> Response:
    """Undo a decision by another one."""
    await admin_of(request)
    wanted = await json_body(request, NewUndoing)
    decision_id: UUID = request.path_params["decision_id"]
    return _decided(request, await meter_events.undo(stack_of(request), decision_id, wanted.note))


def _customer_id(request: Request) -> UUID | None:
    return request.path_params.get("customer_id")


def _decided(request: Request, made: Sequence[StoredDecision]) -> Response:
    trigger_refresh(request)
    shown = DecisionsAnswer(decisions=[DecisionAnswer(**_decision_fields(each)) for each in made])
    listed = request.url.path.partition("/meter-")[0] + "/meter-decisions"
    return json_answer(shown, CREATED, {"Location": listed})


def _correction(body: NewDecision | NewSwitch, kind: SwitchKind | None, at: int | None) -> Correction:
    try:
        return Correction(
            kind=kind,
            at=at,
            closing_milliwh=milliwh_of(body.closing_kwh),
            opening_milliwh=milliwh_of(body.opening_kwh),
            scale=None if body.ct_ratio is None else scale_of(body.ct_ratio),
        )
    except ValueError as error:
        raise Invalid(str(error)) from None


def _event(event: StoredEvent) -> ProposedEventAnswer:
    return ProposedEventAnswer(
        id=event.id,
        device_id=event.device_id,
        device_name=event.device_name,
        external_id=event.external_id,
        site_name=event.site_name,
        kind=event.kind,
        at=event.at,
        until=event.until,
        readings=event.readings,
        closing_kwh=None if event.closing_milliwh is None else kwh_from_milliwh(event.closing_milliwh),
        opening_kwh=None if event.opening_milliwh is None else kwh_from_milliwh(event.opening_milliwh),
        kwh=kwh_from_milliwh(event.milliwh),
        reasons=list(event.reasons),
        shift_seconds=None if event.shift is None else whole_seconds(event.shift),
        # A watt is a thousandth of a kilowatt, as a milliwatt-hour is a millionth of a kilowatt-hour.
        learned_kw=None if event.watts is None else kwh_from_milliwh(event.watts * 1000),
        proposed_at=event.proposed_at,
        is_waiting=event.is_waiting,
    )


def _detail(found: AnsweredEvent) -> MeterEventDetailAnswer:
    return MeterEventDetailAnswer(
        event=_event(found.event),
        day=found.day.isoformat(),
        currency=found.currency,
        effects=[
            EffectAnswer(
                answer=each.answer,
                day=_span(each.day, found.currency),
                since=_span(each.since, found.currency),
            )
            for each in found.effects
        ],
        decisions=[DecisionAnswer(**_decision_fields(each)) for each in found.decisions],
    )


def _span(effect: SpanEffect, currency: str) -> SpanEffectAnswer:
    cost = None if effect.cost_change is None else round_money(effect.cost_change, currency)
    return SpanEffectAnswer(kwh=effect.kwh, kwh_change=effect.kwh_change, cost_change=cost)


# Any: fields of an answer by their names, for the struct that checks each.
def _decision_fields(decision: StoredDecision) -> dict[str, Any]:
    about = None
    if decision.event_kind is not None and decision.event_at is not None:
        at = epoch_microseconds(decision.event_at)
        about = str(EventId(decision.key[-1], decision.event_kind, at))
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
