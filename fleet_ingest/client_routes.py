"""What a Client serves: device ingest, its sites and devices, their readings, rates and cost."""

from __future__ import annotations

from typing import Any

from fleet_ingest import fields, payloads
from fleet_ingest.endpoints import cost, device_ingest, measurements, sites
from fleet_ingest.operations import Access, Operation, Parameter
from fleet_ingest.rate_routes import RATES
from portal.core.wire.batches import DeviceIngestAnswer
from portal.core.wire.cost import CostAnswer
from portal.core.wire.explain import ExplanationAnswer
from portal.core.wire.readings import DeviceReading

_CREATED, _NO_CONTENT = 201, 204
_SITE = "/admin/sites/{site_id:uuid}"
_DEVICE = f"{_SITE}/devices/{{device_id:uuid}}"
_READING = {
    "time": "2026-05-18T08:00:00Z",
    "activePowerKw": 3.2,
    "voltageV": 230.4,
    "energyImportedKwh": 1994.0,
    "source": "acuvim",
}
_DEVICE_EXAMPLE: dict[str, Any] = {"name": "Main incomer", "externalId": "main-1", "maxPowerKw": 100}
_ISSUED = {"id": fields.DEVICE_ID, "name": "Main incomer", "externalId": "main-1", "token": fields.TOKEN}

_INGEST = Operation(
    "POST",
    "/ingest/measurements",
    device_ingest.post_readings,
    DeviceIngestAnswer,
    Access.DEVICE,
    body=(list[DeviceReading],),
    errors=(400, 408, 413, 429),
    example=[_READING],
    answer_example={"accepted": 1, "rejected": 0, "duplicates": 0, "errors": []},
    tag="Ingest",
)
_SITES = (
    Operation("GET", "/sites", sites.get_sites, payloads.SitesAnswer, tag="Sites"),
    Operation(
        "GET", "/sites/{site_id:uuid}", sites.get_site, payloads.SiteAnswer, errors=(404,), tag="Sites"
    ),
    Operation(
        "POST",
        "/admin/sites",
        sites.post_site,
        payloads.SiteAnswer,
        body=(payloads.NewSite,),
        errors=(400, 404, 408, 409, 413),
        success=_CREATED,
        example={"name": "Head office", "address": "1 Main Road"},
        tag="Sites",
    ),
    Operation(
        "PATCH",
        _SITE,
        sites.patch_site,
        payloads.SiteAnswer,
        body=(payloads.SiteChange,),
        errors=(400, 404, 408, 409, 413),
        example={"name": "Head office", "isActive": True},
        tag="Sites",
    ),
    Operation("DELETE", _SITE, sites.delete_site, None, errors=(404, 409), success=_NO_CONTENT, tag="Sites"),
    Operation(
        "POST",
        f"{_SITE}/devices",
        sites.post_device,
        payloads.IssuedDeviceAnswer,
        body=(payloads.NewDevice,),
        errors=(400, 404, 408, 409, 413),
        success=_CREATED,
        example=_DEVICE_EXAMPLE,
        answer_example=_ISSUED,
        tag="Devices",
    ),
    Operation(
        "PATCH",
        _DEVICE,
        sites.patch_device,
        payloads.SiteDeviceAnswer,
        body=(payloads.DeviceChange,),
        errors=(400, 404, 408, 409, 413),
        example={"description": "basement", "isActive": True},
        tag="Devices",
    ),
    Operation(
        "DELETE", _DEVICE, sites.delete_device, None, errors=(404, 409), success=_NO_CONTENT, tag="Devices"
    ),
    Operation(
        "POST",
        f"{_DEVICE}/rotate-token",
        sites.post_device_token,
        payloads.IssuedDeviceAnswer,
        errors=(404,),
        answer_example=_ISSUED,
        tag="Devices",
    ),
)
_BUCKET = Parameter(
    "bucket",
    "query",
    "every reading (`raw`), or averages over buckets that begin at whole UTC multiples",
    required=False,
    schema={"type": "string", "enum": ["raw", "1m", "15m", "1h", "1d"], "default": "raw"},
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
CLIENT = (_INGEST, *_SITES, _MEASUREMENTS, *RATES, _COST, _EXPLANATION)
