"""Reads what a request asks for: query parameters and small JSON bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import msgspec

from fleet_ingest.bodies import read_body
from portal.core.domain.time import parse_instant
from portal.core.errors import Invalid
from portal.core.wire.decoding import value_problem

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

BodyT = TypeVar("BodyT", bound=msgspec.Struct)

_MAX_BODY_BYTES = 65_536
# An unescaped `+` of an offset arrives as a space.
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d\Z)")


def instant_parameter(request: Request, name: str) -> datetime:
    """Return a required instant of the query string in UTC. Raises `Invalid` with the reason."""
    text = request.query_params.get(name)
    if not text:
        message = f"'{name}' is missing; write it like 2026-05-18T00:00:00Z"
        raise Invalid(message)
    try:
        return parse_instant(_LOST_PLUS.sub("+", text))
    except ValueError as error:
        message = f"'{name}': {error}"
        raise Invalid(message) from None


def uuid_parameter(request: Request, name: str) -> UUID | None:
    """Return an optional UUID of the query string. Raises `Invalid` for anything else."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        message = f"'{name}' is not a UUID"
        raise Invalid(message) from None


async def json_body(request: Request, body_type: type[BodyT]) -> BodyT:
    """Return a JSON object body; an empty body is an empty object. Raises `Invalid`, naming the field."""
    body = await read_body(request, _MAX_BODY_BYTES)
    try:
        decoded = msgspec.json.decode(body or b"{}", type=body_type)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        problem = {"path": path.strip("`."), "message": text}
        raise Invalid(str(error), details={"problems": [problem]}) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = "The body is not a JSON object."
        raise Invalid(message) from None
    problem = value_problem(decoded)
    if problem is not None:
        raise Invalid(problem)
    return decoded
