"""What energy cost: of a customer (Admin) or of the stack's own sites (Client)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import admin_of, operator_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import instant_parameter, optional_instant, uuid_parameter
from portal.core.cost.service import cost, explain
from portal.core.cost.service.cost import AsItStood
from portal.core.cost.wire import cost_answer, fleet_cost_answer
from portal.core.cost.wire_explain import explanation_answer
from portal.core.errors import Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response


async def get_fleet_cost(request: Request) -> Response:
    """Answer what a window cost a customer."""
    await operator_of(request)
    customer_id: UUID = request.path_params["customer_id"]
    from_at, to_at = instant_parameter(request, "from"), instant_parameter(request, "to")
    report = await cost.fleet_cost(
        stack_of(request), customer_id, from_at, to_at, _gaps(request), _days(request), _stood(request)
    )
    return json_answer(fleet_cost_answer(customer_id, report))


async def get_client_cost(request: Request) -> Response:
    """Answer what a window cost, of one site or of all."""
    await admin_of(request)
    from_at, to_at = instant_parameter(request, "from"), instant_parameter(request, "to")
    site_id = uuid_parameter(request, "siteId")
    report = await cost.client_cost(
        stack_of(request), from_at, to_at, site_id, _gaps(request), _days(request), _stood(request)
    )
    return json_answer(cost_answer(report))


async def get_fleet_explanation(request: Request) -> Response:
    """Explain what an hour of a customer's device costs."""
    return await _explanation(request, request.path_params["customer_id"])


async def get_client_explanation(request: Request) -> Response:
    """Explain what an hour of a device costs."""
    return await _explanation(request, None)


async def _explanation(request: Request, customer_id: UUID | None) -> Response:
    await operator_of(request)
    device_id = uuid_parameter(request, "deviceId")
    if device_id is None:
        message = "'deviceId' is missing"
        raise Invalid(message)
    found = await explain.explain_hour(
        stack_of(request), device_id, instant_parameter(request, "hour"), customer_id
    )
    return json_answer(explanation_answer(found))


def _days(request: Request) -> str:
    return request.query_params.get("days", "utc")


def _stood(request: Request) -> AsItStood | None:
    """Return as of when the answer is asked for; None: as it is now. Raises `Invalid` for what is still to come."""
    at = optional_instant(request, "asOf")
    if at is not None and at > stack_of(request).clock():
        message = "'asOf' is still to come"
        raise Invalid(message)
    return None if at is None else AsItStood(at)


def _gaps(request: Request) -> str:
    return request.query_params.get("gaps", "report")
