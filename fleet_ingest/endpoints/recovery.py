"""`GET /api/fleet/recovery`: what a customer pushed, for its own Client, after the database there was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import customer_of
from fleet_ingest.context import stack_of
from fleet_ingest.endpoints.library import library_headers
from fleet_ingest.parameters import instant_parameter, integer_parameter, uuid_parameter
from portal.core.errors import Invalid
from portal.core.fleet.service import fleet_recovery

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

_ROWS = fleet_recovery.MOST_ROWS
_HIGHEST = 2_147_483_647
_DIGITS = 10


async def get_recovery(request: Request) -> Response:
    """Say how far the customer's push has come, and what the library offers: a stack asks where nothing is new, too."""
    customer = await customer_of(request)
    head = await fleet_recovery.head(stack_of(request), customer)
    return json_answer(head, headers=await library_headers(stack_of(request)))


async def get_held_span(request: Request) -> Response:
    """Say when the customer's first and last readings were taken."""
    customer = await customer_of(request)
    return json_answer(await fleet_recovery.span(stack_of(request), customer))


async def get_held_sites(request: Request) -> Response:
    """Give a page of the customer's sites."""
    customer = await customer_of(request)
    after, limit = uuid_parameter(request, "after"), integer_parameter(request, "limit", _ROWS)
    return json_answer(await fleet_recovery.sites(stack_of(request), customer, after, limit))


async def get_held_devices(request: Request) -> Response:
    """Give a page of the customer's devices, without anything of their tokens."""
    customer = await customer_of(request)
    after, limit = uuid_parameter(request, "after"), integer_parameter(request, "limit", _ROWS)
    return json_answer(await fleet_recovery.devices(stack_of(request), customer, after, limit))


async def get_held_municipalities(request: Request) -> Response:
    """Give a page of the customer's municipalities."""
    customer = await customer_of(request)
    after, limit = _number_parameter(request, "after"), integer_parameter(request, "limit", _ROWS)
    return json_answer(await fleet_recovery.municipalities(stack_of(request), customer, after, limit))


async def get_held_tariffs(request: Request) -> Response:
    """Give a page of the customer's tariffs."""
    customer = await customer_of(request)
    after, limit = _number_parameter(request, "after"), integer_parameter(request, "limit", _ROWS)
    return json_answer(await fleet_recovery.tariffs(stack_of(request), customer, after, limit))


async def get_held_decisions(request: Request) -> Response:
    """Give a page of what was decided about the customer's meters."""
    customer = await customer_of(request)
    after, limit = uuid_parameter(request, "after"), integer_parameter(request, "limit", _ROWS)
    return json_answer(await fleet_recovery.decisions(stack_of(request), customer, after, limit))


async def get_held_readings(request: Request) -> Response:
    """Give a page of one device's readings."""
    customer = await customer_of(request)
    return json_answer(await fleet_recovery.readings(stack_of(request), customer, *_of_device(request)))


async def get_held_conflicts(request: Request) -> Response:
    """Give a page of the values beside one device's readings."""
    customer = await customer_of(request)
    return json_answer(await fleet_recovery.conflicts(stack_of(request), customer, *_of_device(request)))


def _of_device(request: Request) -> tuple[UUID, tuple[datetime, datetime], int]:
    """Return whose rows a page is of, their window and how many there may be."""
    device_id = uuid_parameter(request, "deviceId")
    if device_id is None:
        raise Invalid("'deviceId' is missing")
    window = instant_parameter(request, "from"), instant_parameter(request, "to")
    return device_id, window, integer_parameter(request, "limit", fleet_recovery.MOST_READINGS)


def _number_parameter(request: Request, name: str) -> int:
    """Return the number a page begins behind, -1 for the first. Raises `Invalid` for what is no number of a row."""
    text = request.query_params.get(name)
    if text is None:
        return -1
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= _HIGHEST):
        message = f"'{name}' is not a number of a row"
        raise Invalid(message)
    return int(text)
