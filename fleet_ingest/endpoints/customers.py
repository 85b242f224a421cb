"""`/api/admin/customers`: the operators' view of the Client stacks that push."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fleet_ingest.answers import json_answer, no_content, page_answer, thing_answer
from fleet_ingest.auth import admin_of, operator_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, json_body, page_asked
from fleet_ingest.payloads import BacklogAnswer, CustomerAnswer, CustomersAnswer, IssuedTokenAnswer
from fleet_ingest.requests import NewCustomer, Rotation
from portal.core.fleet.service import customers

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.fleet.service.customers import CustomerLine, IssuedToken, PushBacklog

CREATED = 201


async def get_customers(request: Request) -> Response:
    """Page through the customers."""
    await operator_of(request)
    page = await customers.page_of_customers(stack_of(request), page_asked(request, 1))
    shown = [customer_answer(line) for line in page.items]
    return page_answer(request, CustomersAnswer(customers=shown, next=page.next), page.next)


async def get_customer(request: Request) -> Response:
    """Show one customer."""
    await operator_of(request)
    line = await customers.get_customer(stack_of(request), _customer_id(request))
    return thing_answer(customer_answer(line), line.version)


async def post_customer(request: Request) -> Response:
    """Register a customer and show its token once."""
    await admin_of(request)
    wanted = await json_body(request, NewCustomer)
    issued = await customers.register(stack_of(request), wanted.code, wanted.name)
    return json_answer(_issued(issued), CREATED, {"Location": f"{request.url.path}/{issued.id}"})


async def post_rotation(request: Request) -> Response:
    """Issue a new token and show it once."""
    await admin_of(request)
    rotation = await json_body(request, Rotation)
    issued = await customers.rotate(
        stack_of(request), _customer_id(request), rotation.grace_hours, expected_versions(request)
    )
    return json_answer(_issued(issued))


async def post_disable(request: Request) -> Response:
    """Refuse the customer's tokens from now on."""
    return await _set_active(request, is_active=False)


async def post_enable(request: Request) -> Response:
    """Honour the customer's tokens again."""
    return await _set_active(request, is_active=True)


async def delete_customer(request: Request) -> Response:
    """Delete a customer that has no readings for ever; one that has some is decommissioned."""
    await admin_of(request)
    await customers.remove_customer(stack_of(request), _customer_id(request), expected_versions(request))
    return no_content()


async def _set_active(request: Request, *, is_active: bool) -> Response:
    await admin_of(request)
    customer_id = _customer_id(request)
    await customers.set_active(stack_of(request), customer_id, is_active, expected_versions(request))
    line = await customers.get_customer(stack_of(request), customer_id)
    return thing_answer(customer_answer(line), line.version)


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
        energy_as_of=line.energy_as_of.at,
        energy_is_complete=line.energy_as_of.is_complete,
        token_issued_at=line.token_issued_at,
        token_rotated_at=line.token_rotated_at,
        previous_token_expires_at=line.previous_token_expires_at,
        last_batch_rows=line.last_batch_rows,
        push=None if line.push is None else _backlog(line.push),
    )


def _backlog(push: PushBacklog) -> BacklogAnswer:
    return BacklogAnswer(
        reported_at=push.reported_at,
        waiting_rows=push.waiting_rows,
        given_up_rows=push.given_up_rows,
        oldest_at=push.oldest_at,
        drain_seconds=push.drain_seconds,
    )
