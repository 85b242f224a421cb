"""Reads what a request asks for: query parameters and small JSON bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import msgspec

from fleet_ingest.bodies import read_body
from fleet_ingest.requests import Body
from portal.core.errors import Invalid
from portal.core.readings.decoding import value_problem
from portal.core.values.json_text import exact_json
from portal.core.values.pages import Asked, key_in
from portal.core.values.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from starlette.requests import Request

BodyT = TypeVar("BodyT", bound=Body)

_MAX_BODY_BYTES = 65_536
_MAX_DOCUMENT_BYTES = 1_048_576
# A program that knows nothing of pages gets all that a stack of ordinary size has.
PAGE_SIZE = LARGEST_PAGE = 1000
_SHOWN = 40
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_TAGS = re.compile(rf"{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
# An unescaped `+` of an offset arrives as a space.
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d\Z)")


def refuse_unknown(request: Request, known: Sequence[str]) -> None:
    """Refuse parameters of the query that are not known, and known ones that are there twice. Raises `Invalid`.

    A misspelled name would otherwise do something else than was asked for.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        message = f"unknown parameter {_listed(unknown)}; known: {', '.join(known) or 'none'}"
        problems = [{"path": name[:_SHOWN], "message": "unknown parameter"} for name in unknown[:_SHOWN]]
        raise Invalid(message, details={"problems": problems})
    doubled = [name for name in known if names.count(name) > 1]
    if doubled:
        message = f"parameter {_listed(doubled)} is given more than once"
        raise Invalid(message)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:_SHOWN]) for name in names[:_SHOWN])


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


def choices_parameter(request: Request, name: str, choices: Collection[str]) -> list[str]:
    """Return the words of an optional list with commas, each once; none without it. Raises `Invalid`."""
    text = request.query_params.get(name)
    if text is None:
        return []
    words = list(dict.fromkeys(text.split(",")))
    unknown = [word for word in words if word not in choices]
    if unknown:
        message = f"'{name}' has {_listed(unknown)}; known: {', '.join(choices)}"
        raise Invalid(message)
    return words


def page_asked(request: Request, parts: int) -> Asked:
    """Return which page of a list is wanted (`limit`, `cursor`), whose key has so many parts. Raises `Invalid`."""
    limit = integer_parameter(request, "limit", PAGE_SIZE)
    if not 1 <= limit <= LARGEST_PAGE:
        message = f"'limit' must be 1 to {LARGEST_PAGE}"
        raise Invalid(message)
    cursor = request.query_params.get("cursor")
    try:
        return Asked(limit, None if cursor is None else key_in(cursor, parts))
    except ValueError as error:
        raise Invalid(str(error)) from None


def expected_versions(request: Request) -> list[str] | None:
    """Return the versions that `If-Match` names; None where any will do. Raises `Invalid` for anything else."""
    stated = request.headers.getlist("if-match")
    text = ",".join(stated).strip()
    if not stated or text == "*":
        return None
    if not _TAGS.fullmatch(text):
        message = "'If-Match' is an ETag in quotes, as an answer has it, or several with commas between them"
        raise Invalid(message)
    # A weak tag never matches here, says HTTP: we give none.
    return [tag for weak, tag in _TAG.findall(text) if not weak]


# Any: JSON is of any type: whoever asks says what it is to be.
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
        _refuse_unknown_fields(body, body_type)
        text, _, path = str(error).partition(" - at `$")
        problem = {"path": path.strip("`."), "message": text}
        raise Invalid(str(error), details={"problems": [problem]}) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = "The body is not a JSON object."
        raise Invalid(message) from None
    problem = value_problem(decoded)
    if problem is not None:
        raise Invalid(problem)
    if "id" not in (said := decoded.said()):
        _refuse_fields([_wire_name(name) for name in said], body_type)
    return decoded


def _wire_name(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _refuse_unknown_fields(body: bytes, body_type: type[Body]) -> None:
    """Name every unknown field of an object; the decoder stops at the first mistake of any kind."""
    found = msgspec.json.decode(body or b"{}")
    if isinstance(found, dict):
        known = {field.encode_name for field in msgspec.structs.fields(body_type)}
        names = [str(name) for name in cast("dict[object, object]", found)]
        _refuse_fields([name for name in names if name not in known], body_type)


def _refuse_fields(names: list[str], body_type: type[Body]) -> None:
    if names:
        message = f"unknown field {_listed(names)}; known: {', '.join(body_type.settable()) or 'none'}"
        problems = [{"path": name[:_SHOWN], "message": "unknown field"} for name in names[:_SHOWN]]
        raise Invalid(message, details={"problems": problems})
