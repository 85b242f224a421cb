"""What an Admin serves: fleet ingest, customers, and the operators' view of the fleet."""

# Any: what an operation answers is any type that msgspec can describe; each row of a table of routes has its own.

from __future__ import annotations

from typing import Any

from fleet_ingest import fields, payloads, requests
from fleet_ingest.endpoints import cost, customers, fleet, fleet_views, reconcile, recovery
from fleet_ingest.event_routes import FLEET_EVENTS
from fleet_ingest.leaving_routes import LEAVING
from fleet_ingest.library_routes import LIBRARY
from fleet_ingest.operations import AccessRule, Operation, Parameter
from portal.core.cost.wire import FleetCostAnswer
from portal.core.cost.wire_explain import ExplanationAnswer
from portal.core.energy.wire import MeterDecisionRow
from portal.core.exchange.batches import CURSOR_HEADER, TYPE_HEADER, BatchAnswer, BatchType
from portal.core.exchange.recovery import (
    ConflictPage,
    DecisionPage,
    DevicePage,
    MunicipalityPage,
    ReadingPage,
    RecoveryHead,
    RecoverySpan,
    SitePage,
    TariffPage,
)
from portal.core.exchange.sync import (
    BACKLOG_HEADER,
    BOARDS_HEADER,
    EPOCH_HEADER,
    FULL_SET_HEADER,
    ReadingChecksums,
    ReconcileAnswer,
)
from portal.core.fleet.service.fleet_recovery import MOST_READINGS, MOST_ROWS
from portal.core.readings.wire import FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.wire import TariffRow

_BATCH_HEADERS = (
    Parameter(TYPE_HEADER, "header", "what the rows are", schema={"type": "string", "enum": list(BatchType)}),
    Parameter(
        CURSOR_HEADER,
        "header",
        "highest received or updated time in the batch, ISO 8601",
        required=False,
        schema={"type": "string", "example": fields.FROM},
    ),
    Parameter(FULL_SET_HEADER, "header", "the range of keys the batch holds all rows of", required=False),
    Parameter(BACKLOG_HEADER, "header", "what waits at the Client after this batch", required=False),
    Parameter(BOARDS_HEADER, "header", "for how long silent boards keep their readings", required=False),
    Parameter(
        EPOCH_HEADER, "header", "how far the Client has come; 409 where either side is behind", required=False
    ),
)
_BATCH_BODIES = (
    list[SiteRow],
    list[DeviceRow],
    list[MunicipalityRow],
    list[TariffRow],
    list[FleetReading],
    list[MeterDecisionRow],
)
_CUSTOMER = "/admin/customers/{customer_id:uuid}"
_VIEW = "/fleet/customers/{customer_id:uuid}"
_ISSUED = {"id": fields.CUSTOMER_ID, "code": "ACME", "name": "Acme Ltd", "token": fields.TOKEN}
_ROW = {"time": "2026-05-18T08:00:00Z", "deviceId": fields.DEVICE_ID, "energyImportedKwh": 1994.0}

_INGEST = Operation(
    "POST",
    "/fleet/ingest",
    fleet.post_batch,
    BatchAnswer,
    AccessRule.CUSTOMER,
    body=_BATCH_BODIES,
    parameters=_BATCH_HEADERS,
    errors=(400, 408, 409, 413, 429),
    example=[_ROW],
    answer_example={"accepted": 1, "rejected": 0, "errors": []},
    tag="Ingest",
    is_lenient=True,
)
_DEVICE = Parameter("deviceId", "query", "whose readings", schema=fields.UUID | {"example": fields.DEVICE_ID})
_QUANTITIES = Parameter(
    "quantities",
    "query",
    "what checksums cover, with commas between; those that are not known are left out. Without it: the first eight",
    required=False,
    schema={"type": "string", "example": "activePowerKw,voltageV"},
)
_RECONCILE = (
    Operation(
        "GET",
        "/fleet/reconcile",
        reconcile.get_days,
        ReconcileAnswer,
        AccessRule.CUSTOMER,
        parameters=(*fields.window(), _QUANTITIES),
        errors=(400, 429),
        tag="Ingest",
    ),
    Operation(
        "GET",
        "/fleet/reconcile/readings",
        reconcile.get_readings,
        ReadingChecksums,
        AccessRule.CUSTOMER,
        parameters=(_DEVICE, *fields.window(), _QUANTITIES),
        errors=(400, 429),
        tag="Ingest",
    ),
)


def _recovery(path: str, handler: Any, answer: Any, *parameters: Parameter) -> Operation:
    return Operation(
        "GET",
        f"/fleet/recovery{path}",
        handler,
        answer,
        AccessRule.CUSTOMER,
        parameters=parameters,
        errors=(400, 429) if parameters else (429,),
        tag="Ingest",
    )


_AFTER_ID = Parameter("after", "query", "the last id of the page before", required=False, schema=fields.UUID)
_AFTER_NUMBER = Parameter(
    "after",
    "query",
    "the last number of the page before",
    required=False,
    schema={"type": "integer", "minimum": 0, "maximum": 2_147_483_647},
)
_ROWS = fields.limit(MOST_ROWS, MOST_ROWS)
_OF_DEVICE = (_DEVICE, *fields.window("at most 31 days on"), fields.limit(MOST_READINGS, MOST_READINGS))
_RECOVERY = (
    _recovery("", recovery.get_recovery, RecoveryHead),
    _recovery("/span", recovery.get_held_span, RecoverySpan),
    _recovery("/sites", recovery.get_held_sites, SitePage, _AFTER_ID, _ROWS),
    _recovery("/devices", recovery.get_held_devices, DevicePage, _AFTER_ID, _ROWS),
    _recovery("/municipalities", recovery.get_held_municipalities, MunicipalityPage, _AFTER_NUMBER, _ROWS),
    _recovery("/tariffs", recovery.get_held_tariffs, TariffPage, _AFTER_NUMBER, _ROWS),
    _recovery("/events", recovery.get_held_decisions, DecisionPage, _AFTER_ID, _ROWS),
    _recovery("/measurements", recovery.get_held_readings, ReadingPage, *_OF_DEVICE),
    _recovery("/conflicts", recovery.get_held_conflicts, ConflictPage, *_OF_DEVICE),
)
_CUSTOMERS = (
    Operation(
        "GET",
        "/admin/customers",
        customers.get_customers,
        payloads.CustomersAnswer,
        parameters=fields.PAGE,
        tag="Customers",
        headers=("Link",),
    ),
    Operation(
        "GET",
        _CUSTOMER,
        customers.get_customer,
        payloads.CustomerAnswer,
        errors=(404,),
        tag="Customers",
        headers=("ETag",),
    ),
    Operation(
        "POST",
        "/admin/customers",
        customers.post_customer,
        payloads.IssuedTokenAnswer,
        body=(requests.NewCustomer,),
        errors=(408, 409, 413),
        success=customers.CREATED,
        example={"code": "ACME", "name": "Acme Ltd"},
        answer_example=_ISSUED,
        tag="Customers",
        headers=("Location",),
    ),
    Operation(
        "POST",
        f"{_CUSTOMER}/rotate-token",
        customers.post_rotation,
        payloads.IssuedTokenAnswer,
        body=(requests.Rotation,),
        parameters=(fields.IF_MATCH,),
        errors=(404, 408, 412, 413),
        example={"graceHours": 24},
        answer_example=_ISSUED,
        tag="Customers",
    ),
    Operation(
        "POST",
        f"{_CUSTOMER}/disable",
        customers.post_disable,
        payloads.CustomerAnswer,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        tag="Customers",
        headers=("ETag",),
    ),
    Operation(
        "POST",
        f"{_CUSTOMER}/enable",
        customers.post_enable,
        payloads.CustomerAnswer,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        tag="Customers",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _CUSTOMER,
        customers.delete_customer,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        success=204,
        tag="Customers",
    ),
)
_EVENT_FILTERS: tuple[Parameter, ...] = (
    Parameter(
        "before", "query", "events received before this instant", required=False, schema=fields.INSTANT
    ),
    Parameter(
        "batchType",
        "query",
        "events of one type",
        required=False,
        schema={"type": "string", "enum": list(BatchType)},
    ),
    Parameter(
        "problems",
        "query",
        "only batches that were refused or had rejected rows",
        required=False,
        schema={"type": "boolean", "default": False},
    ),
    fields.limit(100, 1000),
)
_VIEWS: tuple[Any, ...] = (
    Operation("GET", "/fleet/overview", fleet_views.get_overview, payloads.OverviewAnswer, tag="Fleet"),
    Operation(
        "GET",
        f"{_VIEW}/detail",
        fleet_views.get_detail,
        payloads.CustomerDetailAnswer,
        errors=(404,),
        tag="Fleet",
    ),
    Operation(
        "GET",
        f"{_VIEW}/ingest-events",
        fleet_views.get_ingest_events,
        payloads.IngestEventsAnswer,
        parameters=_EVENT_FILTERS,
        errors=(400, 404),
        tag="Fleet",
    ),
    Operation(
        "GET",
        f"{_VIEW}/cost",
        cost.get_fleet_cost,
        FleetCostAnswer,
        parameters=(*fields.window(), fields.GAPS, fields.DAYS, fields.AS_OF),
        errors=(400, 404, 409),
        tag="Fleet",
    ),
    Operation(
        "GET",
        f"{_VIEW}/cost/explain",
        cost.get_fleet_explanation,
        ExplanationAnswer,
        parameters=fields.EXPLAINED,
        errors=(400, 404),
        tag="Fleet",
    ),
)
ADMIN = (_INGEST, *_RECONCILE, *_RECOVERY, *_CUSTOMERS, *LEAVING, *LIBRARY, *_VIEWS, *FLEET_EVENTS)
