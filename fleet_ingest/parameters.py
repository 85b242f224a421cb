"""Reads what a request asks for: query parameters and small JSON bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import msgspec

from fleet_ingest.bodies import read_body
from portal.core.domain.json_text import exact_json
from portal.core.domain.time import parse_instant
from portal.core.errors import Invalid
from portal.core.wire.decoding import value_problem

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from starlette.requests import Request

BodyT = TypeVar("BodyT", bound=msgspec.Struct)

_MAX_BODY_BYTES = 65_536
_MAX_DOCUMENT_BYTES = 1_048_576
_INTEGER = re.compile(r"-?[0-9]{1,9}")
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
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        message = f"'{name}' is not a UUID"
        raise Invalid(message) from None


def optional_instant(request: Request, name: str) -> datetime | None:
    """Return an optional instant of the query string in UTC. Raises `Invalid` with the reason."""
    return instant_parameter(request, name) if name in request.query_params else None


def integer_parameter(request: Request, name: str, default: int) -> int:
    """Return an optional whole number of the query string. Raises `Invalid` for anything else."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        message = f"'{name}' is not a whole number"
        raise Invalid(message)
    return int(text)


def flag_parameter(request: Request, name: str) -> bool:
    """Return an optional `true` or `false` of the query string. Raises `Invalid` for anything else."""
    text = request.query_params.get(name, "false")
    if text not in {"true", "false"}:
        message = f"'{name}' is true or false"
        raise Invalid(message)
    return text == "true"


def choice_parameter(request: Request, name: str, choices: Collection[str]) -> str | None:
    """Return an optional one of some words of the query string. Raises `Invalid` for anything else."""
    text = request.query_params.get(name)
    if text is not None and text not in choices:
        message = f"'{name}' must be one of {', '.join(choices)}"
        raise Invalid(message)
    return text


async def json_value(request: Request) -> Any:
    """Return a JSON body of any shape, fractions as exact decimals. Raises `Invalid`."""
    body = await read_body(request, _MAX_DOCUMENT_BYTES)
    try:
        return exact_json(body.decode("utf-8"))
    except (ValueError, RecursionError):
        message = "The body is not JSON."
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
