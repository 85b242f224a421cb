"""`/api/admin/customers/{id}/export`, `.../decommission` and `/api/admin/decommissions`: customers that leave."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.responses import StreamingResponse

from fleet_ingest.answers import HEADERS, json_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, json_body
from fleet_ingest.payloads_leaving import DecommissionAnswer, DecommissionsAnswer
from fleet_ingest.requests import Decommissioning
from portal.core.fleet.service import customer_export, decommission

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.fleet.service.decommission import LeavingCustomer

ACCEPTED = 202
ZIP = "application/zip"


async def get_export(request: Request) -> Response:
    """Hand out everything that is kept of a customer: CSV and JSON lines with checksums, as a ZIP archive."""
    await admin_of(request)
    archive = await customer_export.export_customer(stack_of(request), _customer_id(request))
    named = {"Content-Disposition": f'attachment; filename="{archive.name}"'}
    return StreamingResponse(archive.parts, media_type=ZIP, headers={**HEADERS, **named})


async def post_decommission(request: Request) -> Response:
    """Refuse a customer's tokens for good, and have everything of it deleted."""
    await admin_of(request)
    wanted = await json_body(request, Decommissioning)
    begun = await decommission.begin(
        stack_of(request),
        _customer_id(request),
        wanted.confirm,
        without_export=wanted.without_export,
        expected=expected_versions(request),
    )
    where = request.url.path.partition("/customers/")[0]
    return json_answer(_answer(begun), ACCEPTED, {"Location": f"{where}/decommissions/{begun.id}"})


async def get_decommissions(request: Request) -> Response:
    """List customers that leave or have left."""
    await admin_of(request)
    found = await decommission.list_leaving(stack_of(request))
    return json_answer(DecommissionsAnswer(decommissions=[_answer(each) for each in found]))


async def get_decommission(request: Request) -> Response:
    """Show how far the deletion of a customer is."""
    await admin_of(request)
    wanted: UUID = request.path_params["decommission_id"]
    return json_answer(_answer(await decommission.get_leaving(stack_of(request), wanted)))


def _customer_id(request: Request) -> UUID:
    return request.path_params["customer_id"]


def _answer(state: LeavingCustomer) -> DecommissionAnswer:
    names = [field.name for field in msgspec.structs.fields(DecommissionAnswer)]
    return DecommissionAnswer(**{name: getattr(state, name) for name in names})
