"""What a Client serves below `/api/rates`."""

from __future__ import annotations

from fleet_ingest import fields, payloads, requests
from fleet_ingest.endpoints import rates
from fleet_ingest.operations import Operation, Parameter
from portal.core.tariffs.wire import TariffAnswer, TariffEntry

_MUNICIPALITIES = "/rates/municipalities"
_MUNICIPALITY = f"{_MUNICIPALITIES}/{{municipality_id:int}}"
_TARIFF = "/rates/tariffs/{tariff_id:int}"
EXAMPLE: dict[str, object] = {
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
CONFIRM = Parameter(
    "confirmNegativeRates",
    "query",
    "`true` says that rates below zero are meant; without it they are refused",
    required=False,
    schema={"type": "boolean", "default": False},
)
RATES = (
    Operation(
        "GET",
        _MUNICIPALITIES,
        rates.get_municipalities,
        payloads.MunicipalitiesAnswer,
        parameters=fields.PAGE,
        tag="Rates",
        headers=("Link",),
    ),
    Operation(
        "GET",
        _MUNICIPALITY,
        rates.get_municipality,
        payloads.MunicipalityAnswer,
        errors=(404,),
        tag="Rates",
        headers=("ETag",),
    ),
    Operation(
        "POST",
        _MUNICIPALITIES,
        rates.post_municipality,
        payloads.MunicipalityAnswer,
        body=(requests.NewMunicipality,),
        errors=(408, 409, 413),
        success=rates.CREATED,
        example={"name": "Example City", "timeZoneId": "Africa/Johannesburg"},
        tag="Rates",
        headers=("ETag", "Location"),
    ),
    Operation(
        "PATCH",
        _MUNICIPALITY,
        rates.patch_municipality,
        payloads.MunicipalityAnswer,
        body=(requests.MunicipalityChange,),
        parameters=(fields.IF_MATCH,),
        errors=(404, 408, 409, 412, 413),
        example={"timeZoneId": "Africa/Johannesburg"},
        tag="Rates",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _MUNICIPALITY,
        rates.delete_municipality,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        success=204,
        tag="Rates",
    ),
    Operation(
        "GET",
        "/rates/tariffs",
        rates.get_tariffs,
        payloads.TariffsAnswer,
        parameters=fields.PAGE,
        tag="Rates",
        headers=("Link",),
    ),
    Operation(
        "GET",
        _TARIFF,
        rates.get_tariff,
        TariffAnswer,
        errors=(404,),
        tag="Rates",
        headers=("ETag",),
    ),
    Operation(
        "PUT",
        _TARIFF,
        rates.put_tariff,
        TariffAnswer,
        body=(TariffEntry,),
        parameters=(fields.IF_MATCH, CONFIRM),
        errors=(404, 408, 409, 412, 413),
        example=EXAMPLE,
        tag="Rates",
        headers=("ETag",),
    ),
    Operation(
        "POST",
        "/rates/tariffs",
        rates.post_tariffs,
        payloads.StoredTariffsAnswer,
        parameters=(_DRY_RUN, CONFIRM),
        body=(list[TariffEntry], requests.TariffList),
        errors=(408, 413),
        example=[EXAMPLE],
        tag="Rates",
    ),
    Operation(
        "DELETE",
        _TARIFF,
        rates.delete_tariff,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        success=204,
        tag="Rates",
    ),
)
