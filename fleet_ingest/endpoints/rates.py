"""`/api/rates`: the Client's municipalities and tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fleet_ingest.answers import json_answer, no_content
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import json_body, json_value
from fleet_ingest.payloads import (
    MunicipalitiesAnswer,
    MunicipalityAnswer,
    MunicipalityChange,
    NewMunicipality,
    StoredTariffAnswer,
    StoredTariffsAnswer,
    TariffsAnswer,
    UncoveredAnswer,
)
from portal.core.domain.tariff_wire import tariff_to_wire
from portal.core.errors import Invalid, NotFound
from portal.core.services import rates, sites, tariff_imports, tariffs

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.services.rates import MunicipalityLine

CREATED = 201
_LARGEST_ID = 2_147_483_647


async def get_municipalities(request: Request) -> Response:
    """List the municipalities."""
    await admin_of(request)
    found = await rates.list_municipalities(stack_of(request))
    return json_answer(MunicipalitiesAnswer(municipalities=[_municipality(line) for line in found]))


async def post_municipality(request: Request) -> Response:
    """Add a municipality."""
    await admin_of(request)
    wanted = await json_body(request, NewMunicipality)
    made = await sites.add_municipality(stack_of(request), wanted.name, wanted.time_zone_id)
    answer = MunicipalityAnswer(id=made, name=wanted.name.strip(), time_zone_id=wanted.time_zone_id)
    return json_answer(answer, CREATED)


async def patch_municipality(request: Request) -> Response:
    """Change a municipality."""
    await admin_of(request)
    change = await json_body(request, MunicipalityChange)
    given = {
        name: value
        for name in ("name", "time_zone_id")
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    changed = await rates.change_municipality(stack_of(request), _id(request, "municipality_id"), given)
    return json_answer(_municipality(changed))


async def delete_municipality(request: Request) -> Response:
    """Delete a municipality that no site and no tariff refers to."""
    await admin_of(request)
    await rates.remove_municipality(stack_of(request), _id(request, "municipality_id"))
    return no_content()


async def get_tariffs(request: Request) -> Response:
    """List the tariffs in the shape they are imported in."""
    await admin_of(request)
    places = await tariffs.list_tariffs(stack_of(request))
    found = [
        tariff_to_wire(tariff) | {"municipality": place.name} for place in places for tariff in place.tariffs
    ]
    return json_answer(TariffsAnswer(tariffs=found))


async def post_tariffs(request: Request) -> Response:
    """Store tariffs, all of them or none; one with the same municipality, name and first day is replaced."""
    await admin_of(request)
    dry_run = _is_dry_run(request)
    made = await tariff_imports.import_tariffs(stack_of(request), await json_value(request), dry_run=dry_run)
    answer = StoredTariffsAnswer(
        dry_run=dry_run,
        tariffs=[
            msgspec.convert(tariff, StoredTariffAnswer, from_attributes=True) for tariff in made.tariffs
        ],
        uncovered=[msgspec.convert(run, UncoveredAnswer, from_attributes=True) for run in made.uncovered],
    )
    return json_answer(answer)


def _is_dry_run(request: Request) -> bool:
    text = request.query_params.get("dryRun", "false")
    if text not in ("true", "false"):
        message = "'dryRun' is true or false"
        raise Invalid(message)
    return text == "true"


async def delete_tariff(request: Request) -> Response:
    """Delete a tariff."""
    await admin_of(request)
    await rates.remove_tariff(stack_of(request), _id(request, "tariff_id"))
    return no_content()


def _id(request: Request, name: str) -> int:
    found: int = request.path_params[name]
    if found > _LARGEST_ID:  # no column holds it, so nothing has it
        message = "There is nothing with this id"
        raise NotFound(message)
    return found


def _municipality(line: MunicipalityLine) -> MunicipalityAnswer:
    return MunicipalityAnswer(id=line.id, name=line.name, time_zone_id=line.time_zone_id)
