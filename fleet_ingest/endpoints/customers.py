"""`/api/admin/customers`: the operators' view of the Client stacks that push."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fleet_ingest.answers import json_answer, no_content
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import json_body
from fleet_ingest.payloads import CustomerAnswer, CustomersAnswer, IssuedTokenAnswer, NewCustomer, Rotation
from portal.core.services import customers, fleet_views

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.services.customers import CustomerLine, IssuedToken

CREATED = 201


async def get_customers(request: Request) -> Response:
    """List the customers."""
    await admin_of(request)
    lines = await customers.list_customers(stack_of(request))
    return json_answer(CustomersAnswer(customers=[customer_answer(line) for line in lines]))


async def post_customer(request: Request) -> Response:
    """Register a customer and show its token once."""
    await admin_of(request)
    wanted = await json_body(request, NewCustomer)
    issued = await customers.register(stack_of(request), wanted.code, wanted.name)
    return json_answer(_issued(issued), CREATED)


async def post_rotation(request: Request) -> Response:
    """Issue a new token and show it once."""
    await admin_of(request)
    rotation = await json_body(request, Rotation)
    issued = await customers.rotate(stack_of(request), _customer_id(request), rotation.grace_hours)
    return json_answer(_issued(issued))


async def post_disable(request: Request) -> Response:
    """Refuse the customer's tokens from now on."""
    return await _set_active(request, is_active=False)


async def post_enable(request: Request) -> Response:
    """Honour the customer's tokens again."""
    return await _set_active(request, is_active=True)


async def delete_customer(request: Request) -> Response:
    """Delete a customer for ever; one with readings only where `confirm` names its code."""
    await admin_of(request)
    confirmed = request.query_params.get("confirm")
    await fleet_views.remove_customer(stack_of(request), _customer_id(request), confirmed)
    return no_content()


async def _set_active(request: Request, *, is_active: bool) -> Response:
    await admin_of(request)
    customer_id = _customer_id(request)
    await customers.set_active(stack_of(request), customer_id, is_active)
    return json_answer(customer_answer(await customers.get_customer(stack_of(request), customer_id)))


def _customer_id(request: Request) -> UUID:
    return request.path_params["customer_id"]


def _issued(issued: IssuedToken) -> IssuedTokenAnswer:
    return IssuedTokenAnswer(id=issued.id, code=issued.code, name=issued.name, token=issued.token)


def customer_answer(line: CustomerLine) -> CustomerAnswer:
    """Return a customer as every answer shows it."""
    return CustomerAnswer(
        id=line.id,
        code=line.code,
        name=line.name,
        is_active=line.is_active,
        first_seen_at=line.first_seen_at,
        last_seen_at=line.last_seen_at,
        site_count=line.site_count,
        device_count=line.device_count,
        energy_today_kwh=line.energy_today_kwh,
        token_issued_at=line.token_issued_at,
        token_rotated_at=line.token_rotated_at,
        previous_token_expires_at=line.previous_token_expires_at,
        last_batch_rows=line.last_batch_rows,
    )
