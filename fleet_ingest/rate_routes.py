"""What a Client serves below `/api/rates`."""

from __future__ import annotations

from typing import Any

from fleet_ingest import payloads
from fleet_ingest.endpoints import rates
from fleet_ingest.operations import Operation, Parameter
from portal.core.wire.tariffs import TariffEntry

_MUNICIPALITIES = "/rates/municipalities"
_MUNICIPALITY = f"{_MUNICIPALITIES}/{{municipality_id:int}}"
_EXAMPLE: dict[str, Any] = {
    "municipality": "Example City",
    "name": "Domestic TOU",
    "effectiveFrom": "2026-01-01",
    "effectiveTo": None,
    "defaultRatePerKwh": 2.50,
    "fixedMonthlyCharge": 120.00,
    "vatRate": 0.15,
    "isActive": True,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}
    ],
}
_DRY_RUN = Parameter(
    "dryRun",
    "query",
    "`true` checks the tariffs and stores nothing",
    required=False,
    schema={"type": "boolean", "default": False},
)
RATES = (
    Operation("GET", _MUNICIPALITIES, rates.get_municipalities, payloads.MunicipalitiesAnswer, tag="Rates"),
    Operation(
        "POST",
        _MUNICIPALITIES,
        rates.post_municipality,
        payloads.MunicipalityAnswer,
        body=(payloads.NewMunicipality,),
        errors=(400, 408, 409, 413),
        success=rates.CREATED,
        example={"name": "Example City", "timeZoneId": "Africa/Johannesburg"},
        tag="Rates",
    ),
    Operation(
        "PATCH",
        _MUNICIPALITY,
        rates.patch_municipality,
        payloads.MunicipalityAnswer,
        body=(payloads.MunicipalityChange,),
        errors=(400, 404, 408, 409, 413),
        example={"timeZoneId": "Africa/Johannesburg"},
        tag="Rates",
    ),
    Operation(
        "DELETE",
        _MUNICIPALITY,
        rates.delete_municipality,
        None,
        errors=(404, 409),
        success=204,
        tag="Rates",
    ),
    Operation("GET", "/rates/tariffs", rates.get_tariffs, payloads.TariffsAnswer, tag="Rates"),
    Operation(
        "POST",
        "/rates/tariffs",
        rates.post_tariffs,
        payloads.StoredTariffsAnswer,
        parameters=(_DRY_RUN,),
        body=(list[TariffEntry],),
        errors=(400, 408, 413),
        example=[_EXAMPLE],
        tag="Rates",
    ),
    Operation(
        "DELETE",
        "/rates/tariffs/{tariff_id:int}",
        rates.delete_tariff,
        None,
        errors=(404,),
        success=204,
        tag="Rates",
    ),
)
