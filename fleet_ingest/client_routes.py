"""What a Client serves: device ingest, its sites and devices, their readings, rates and cost."""

from __future__ import annotations

from fleet_ingest import fields, payloads
from fleet_ingest.alert_routes import ALERTS
from fleet_ingest.board_routes import BOARDS
from fleet_ingest.endpoints import cost, device_ingest, measurements
from fleet_ingest.event_routes import CLIENT_EVENTS
from fleet_ingest.library_routes import OFFERS
from fleet_ingest.operations import AccessRule, Operation, Parameter
from fleet_ingest.rate_routes import RATES
from fleet_ingest.site_routes import SITES
from portal.core.boards.rules.board_words import HEADER
from portal.core.cost.wire import CostAnswer
from portal.core.cost.wire_explain import ExplanationAnswer
from portal.core.readings.rules.quantities import QUANTITY_BY_WIRE_NAME
from portal.core.readings.service import measurements as measurement_reads
from portal.core.readings.wire import DeviceIngestAnswer, DeviceReading

_READING = {
    "time": "2026-05-18T08:00:00Z",
    "activePowerKw": 3.2,
    "voltageV": 230.4,
    "energyImportedKwh": 1994.0,
    "source": "acuvim",
}

_WORD = Parameter(
    HEADER,
    "header",
    "what a board says of itself: what it runs, the version of its settings, its signal in dBm (0: not known), and an"
    " update that it fell back from. Its answer then says what waits for it",
    required=False,
    schema={"type": "string", "example": "1.0.0 0 -71"},
)
_INGEST = Operation(
    "POST",
    "/ingest/measurements",
    device_ingest.post_readings,
    DeviceIngestAnswer,
    AccessRule.DEVICE,
    body=(list[DeviceReading],),
    errors=(400, 408, 413, 429),
    parameters=(_WORD,),
    example=[_READING],
    answer_example={
        "accepted": 1,
        "rejected": 0,
        "duplicates": 0,
        "completed": 0,
        "conflicts": 0,
        "errors": [],
    },
    tag="Ingest",
    is_lenient=True,
)
_BUCKET = Parameter(
    "bucket",
    "query",
    "every reading (`raw`), or buckets that begin at whole UTC multiples: averages, and of registers the last value",
    required=False,
    schema={"type": "string", "enum": ["raw", "1m", "15m", "1h", "1d"], "default": "raw"},
)
_ONE_OF_ALL = "|".join(QUANTITY_BY_WIRE_NAME)
_QUANTITIES = Parameter(
    "quantities",
    "query",
    "which quantities, with commas between them: " + ", ".join(QUANTITY_BY_WIRE_NAME) + ". Without it "
    f"{', '.join(each.wire_name for each in measurement_reads.EIGHT)}",
    required=False,
    schema={
        "type": "string",
        "pattern": f"^({_ONE_OF_ALL})(,({_ONE_OF_ALL}))*$",
        "example": "activePowerKw,voltageL1V,energyImportedKwh",
    },
)
_MEASUREMENTS = Operation(
    "GET",
    "/measurements",
    measurements.get_measurements,
    payloads.MeasurementsAnswer,
    parameters=(
        Parameter("deviceId", "query", "whose readings", schema=fields.UUID | {"example": fields.DEVICE_ID}),
        *fields.window("in steps of `limit`"),
        _BUCKET,
        _QUANTITIES,
        fields.limit(1000, 10_000),
    ),
    errors=(400, 404),
    tag="Readings",
)
_COST = Operation(
    "GET",
    "/cost",
    cost.get_client_cost,
    CostAnswer,
    parameters=(
        *fields.window(),
        fields.GAPS,
        fields.DAYS,
        fields.AS_OF,
        Parameter("siteId", "query", "one site instead of all", required=False, schema=fields.UUID),
    ),
    errors=(400, 404, 409),
    tag="Cost",
)
_EXPLANATION = Operation(
    "GET",
    "/cost/explain",
    cost.get_client_explanation,
    ExplanationAnswer,
    parameters=fields.EXPLAINED,
    errors=(400, 404),
    tag="Cost",
)
CLIENT = (
    _INGEST,
    *SITES,
    *BOARDS,
    *ALERTS,
    _MEASUREMENTS,
    *RATES,
    *OFFERS,
    _COST,
    _EXPLANATION,
    *CLIENT_EVENTS,
)
