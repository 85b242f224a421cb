"""Where meter events are read and decided about."""

from __future__ import annotations

from typing import Any

from fleet_ingest import event_payloads, fields
from fleet_ingest.endpoints import meter_events
from fleet_ingest.operations import Operation, Parameter

_CREATED = meter_events.CREATED
_TAG = "Meter events"
_EVENT_ID = f"{fields.DEVICE_ID}.exchange.1795510800000000"
_FILTERS: tuple[Parameter, ...] = (
    Parameter(
        "state",
        "query",
        "`open`: those that wait for a person; `all`: every one that is proposed",
        required=False,
        schema={"type": "string", "enum": list(meter_events.STATES), "default": "open"},
    ),
    Parameter("deviceId", "query", "those of one device", required=False, schema=fields.UUID),
    *fields.PAGE,
)
_DECISION: dict[str, object] = {
    "answer": "correct",
    "note": "Exchanged, job card 4417",
    "closingKwh": 1127469.8,
    "openingKwh": 11246.0,
    "at": "2026-11-24T08:35:00Z",
}
_SWITCH: dict[str, object] = {
    "deviceId": fields.DEVICE_ID,
    "kind": "exchange",
    "at": "2026-11-24T08:35:00Z",
    "ctRatio": "100/5",
    "note": "New current transformers",
}


# Any: an operation answers any type that msgspec can describe.
def _reading(root: str) -> tuple[Any, ...]:
    return (
        Operation(
            "GET",
            f"{root}/meter-events",
            meter_events.get_events,
            event_payloads.MeterEventsAnswer,
            parameters=_FILTERS,
            errors=(400, 404) if root else (400,),
            tag=_TAG,
            headers=("Link",),
        ),
        Operation(
            "GET",
            f"{root}/meter-events/{{event_id:str}}",
            meter_events.get_event,
            event_payloads.MeterEventDetailAnswer,
            errors=(404,),
            tag=_TAG,
        ),
        Operation(
            "GET",
            f"{root}/meter-decisions",
            meter_events.get_decisions,
            event_payloads.DecisionLinesAnswer,
            parameters=(fields.limit(100, meter_events.MOST_DECISIONS),),
            errors=(400, 404) if root else (400,),
            tag=_TAG,
        ),
    )


_DECIDING = (
    Operation(
        "POST",
        "/meter-events/{event_id:str}/decisions",
        meter_events.post_decision,
        event_payloads.DecisionsAnswer,
        body=(event_payloads.NewDecision,),
        errors=(404, 408, 409, 413),
        success=_CREATED,
        headers=("Location",),
        example=_DECISION,
        tag=_TAG,
    ),
    Operation(
        "POST",
        "/meter-decisions",
        meter_events.post_switch,
        event_payloads.DecisionsAnswer,
        body=(event_payloads.NewSwitch,),
        errors=(404, 408, 413),
        success=_CREATED,
        headers=("Location",),
        example=_SWITCH,
        tag=_TAG,
    ),
    Operation(
        "POST",
        "/meter-decisions/{decision_id:uuid}/undo",
        meter_events.post_undoing,
        event_payloads.DecisionsAnswer,
        body=(event_payloads.NewUndoing,),
        errors=(404, 408, 409, 413),
        success=_CREATED,
        headers=("Location",),
        example={"note": "It was the neighbour's meter"},
        tag=_TAG,
    ),
)
CLIENT_EVENTS = (*_reading(""), *_DECIDING)
FLEET_EVENTS = _reading("/fleet/customers/{customer_id:uuid}")
