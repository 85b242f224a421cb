"""`GET /api/fleet/reconcile`: what the Admin holds, for the Client of the token to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import customer_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import instant_parameter, uuid_parameter
from portal.core.errors import Invalid
from portal.core.fleet.service import fleet_push

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def get_days(request: Request) -> Response:
    """Count and checksum of the customer's readings, per device and UTC day."""
    customer = await customer_of(request)
    window = instant_parameter(request, "from"), instant_parameter(request, "to")
    return json_answer(
        await fleet_push.held_days(stack_of(request), customer.id, window, _quantities(request))
    )


async def get_readings(request: Request) -> Response:
    """Time and checksum of each of the customer's readings of one device."""
    customer = await customer_of(request)
    device_id = uuid_parameter(request, "deviceId")
    if device_id is None:
        raise Invalid("'deviceId' is missing")
    window = instant_parameter(request, "from"), instant_parameter(request, "to")
    return json_answer(
        await fleet_push.held_readings(
            stack_of(request), customer.id, device_id, window, _quantities(request)
        )
    )


def _quantities(request: Request) -> frozenset[str]:
    # One that a later release knows is no mistake: the answer says which are covered.
    return frozenset(request.query_params.get("quantities", "").split(",")) - {""}
