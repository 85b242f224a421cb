"""`/api/rates`: the Client's municipalities and tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from fleet_ingest.answers import json_answer, no_content, page_answer, thing_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import (
    expected_versions,
    flag_parameter,
    json_body,
    json_value,
    page_asked,
)
from fleet_ingest.payloads import (
    MunicipalitiesAnswer,
    MunicipalityAnswer,
    StoredTariffAnswer,
    StoredTariffsAnswer,
    TariffsAnswer,
    UncoveredAnswer,
)
from fleet_ingest.requests import MunicipalityChange, NewMunicipality
from portal.core.errors import Invalid, NotFound
from portal.core.tariffs.rules.municipalities import MunicipalityEdits
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.core.tariffs.wire import tariff_answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.tariffs.service.municipalities import MunicipalityLine

CREATED = 201
_LARGEST_ID = 2_147_483_647


async def get_municipalities(request: Request) -> Response:
    """Page through the municipalities."""
    await admin_of(request)
    page = await municipalities.page_of_municipalities(stack_of(request), page_asked(request, 1))
    shown = [_municipality(line) for line in page.items]
    return page_answer(request, MunicipalitiesAnswer(municipalities=shown, next=page.next), page.next)


async def get_municipality(request: Request) -> Response:
    """Show one municipality."""
    await admin_of(request)
    line = await municipalities.get_municipality(stack_of(request), _id(request, "municipality_id"))
    return thing_answer(_municipality(line), line.version)


async def post_municipality(request: Request) -> Response:
    """Add a municipality."""
    await admin_of(request)
    wanted = await json_body(request, NewMunicipality)
    made = await municipalities.add_municipality(stack_of(request), wanted.name, wanted.time_zone_id)
    return thing_answer(_municipality(made), made.version, CREATED, f"{request.url.path}/{made.id}")


async def patch_municipality(request: Request) -> Response:
    """Change a municipality."""
    await admin_of(request)
    change, municipality_id = await json_body(request, MunicipalityChange), _id(request, "municipality_id")
    _check_id(change.said().get("id"), municipality_id)
    edits, expected = MunicipalityEdits(**change.given()), expected_versions(request)
    changed = await municipalities.change_municipality(
        stack_of(request), municipality_id, edits, expected=expected
    )
    return thing_answer(_municipality(changed), changed.version)


async def delete_municipality(request: Request) -> Response:
    """Delete a municipality that no site and no tariff refers to."""
    await admin_of(request)
    municipality_id, expected = _id(request, "municipality_id"), expected_versions(request)
    await municipalities.remove_municipality(stack_of(request), municipality_id, expected=expected)
    return no_content()


async def get_tariffs(request: Request) -> Response:
    """Page through the tariffs, in the shape they are imported in."""
    await admin_of(request)
    page = await tariffs.page_of_tariffs(stack_of(request), page_asked(request, 3))
    shown = [tariff_answer(each.tariff, each.municipality) for each in page.items]
    return page_answer(request, TariffsAnswer(tariffs=shown, next=page.next), page.next)


async def get_tariff(request: Request) -> Response:
    """Show one tariff in the shape it is imported in."""
    await admin_of(request)
    return await _shown_tariff(request, _id(request, "tariff_id"))


async def put_tariff(request: Request) -> Response:
    """Put another tariff in the place of one."""
    await admin_of(request)
    tariff_id, raw = _id(request, "tariff_id"), await json_value(request)
    if not isinstance(raw, dict):
        raise Invalid("The body is not a JSON object.")
    fields = cast("dict[str, Any]", raw)
    _check_id(fields.get("id"), tariff_id)
    await tariffs.save_tariff(
        stack_of(request),
        fields | {"id": tariff_id},
        expected_versions(request),
        is_confirmed=flag_parameter(request, "confirmNegativeRates"),
    )
    return await _shown_tariff(request, tariff_id)


async def post_tariffs(request: Request) -> Response:
    """Store tariffs, all of them or none; one with the same municipality, name and first day is replaced."""
    await admin_of(request)
    dry_run = flag_parameter(request, "dryRun")
    is_confirmed = flag_parameter(request, "confirmNegativeRates")
    made = await tariff_imports.import_tariffs(
        stack_of(request), await json_value(request), dry_run=dry_run, is_confirmed=is_confirmed
    )
    answer = StoredTariffsAnswer(
        dry_run=dry_run,
        tariffs=[
            msgspec.convert(tariff, StoredTariffAnswer, from_attributes=True) for tariff in made.tariffs
        ],
        uncovered=[msgspec.convert(run, UncoveredAnswer, from_attributes=True) for run in made.uncovered],
    )
    return json_answer(answer)


async def delete_tariff(request: Request) -> Response:
    """Delete a tariff."""
    await admin_of(request)
    await tariffs.remove_tariff(stack_of(request), _id(request, "tariff_id"), expected_versions(request))
    return no_content()


async def _shown_tariff(request: Request, tariff_id: int) -> Response:
    found = await tariffs.get_tariff(stack_of(request), tariff_id)
    return thing_answer(tariff_answer(found.tariff, found.municipality), found.version)


def _check_id(said: object, there: int) -> None:
    """Refuse a body that is of another thing than the address. Raises `Invalid`."""
    if said is not None and said != there:
        raise Invalid("'id' is another one's than the address names")


def _id(request: Request, name: str) -> int:
    found: int = request.path_params[name]
    if found > _LARGEST_ID:  # no column holds it, so nothing has it
        message = "There is nothing with this id"
        raise NotFound(message)
    return found


def _municipality(line: MunicipalityLine) -> MunicipalityAnswer:
    return MunicipalityAnswer(id=line.id, name=line.name, time_zone_id=line.time_zone_id)
