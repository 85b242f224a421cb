"""The OpenAPI 3.1 document, made from the route table and from the types that decode and encode."""

# Any: an OpenAPI document is a tree of JSON; what it must be is held by the validator of the specification, in a test.

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import msgspec

from fleet_ingest.operations import JSON, PREFIXES, AccessRule
from fleet_ingest.payloads import ErrorAnswer
from portal.core.exchange.batches import TOKEN_HEADER

if TYPE_CHECKING:
    from fleet_ingest.operations import Operation, Parameter

_ABOUT = (
    "Times are ISO 8601 with an offset, answers are in UTC. Unknown query parameters, and unknown fields of the bodies "
    "of management routes, are refused by name. Lists have pages: `limit`, and `cursor`, which is the `next` of the "
    "page before. Answers of 1 KiB and more come in gzip where `Accept-Encoding` takes it."
)
_REF = "#/components/schemas/{name}"
_SECURITY: dict[AccessRule, list[dict[str, list[str]]]] = {
    AccessRule.ANYONE: [],
    AccessRule.DEVICE: [{"deviceToken": []}],
    AccessRule.CUSTOMER: [{"customerToken": []}],
    AccessRule.ADMIN: [{"apiKey": []}, {"session": []}],
    AccessRule.LOCAL: [{}, {"apiKey": []}],
}
_SCHEMES = {
    "deviceToken": {"type": "http", "scheme": "bearer", "description": "a device's token"},
    "apiKey": {"type": "http", "scheme": "bearer", "description": "a machine key"},
    "customerToken": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
    "session": {"type": "apiKey", "in": "cookie", "name": "portal_session"},
}
_CONVERTER = re.compile(r"{(\w+):(uuid|int|str)}")
_PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "str": {"type": "string"},
}
_ERROR_EXAMPLES = {
    400: ("invalid", "'to' must be after 'from'"),
    401: ("unauthenticated", "The customer token is not known."),
    403: ("forbidden", "Only an admin may do this."),
    404: ("not_found", "There is no such customer"),
    408: ("timeout", "The body did not arrive in time."),
    412: ("precondition_failed", "It has been changed meanwhile: read it again, then repeat your change"),
    409: ("conflict", "There is a customer with code 'ACME' already"),
    413: ("too_large", "at most 20000 rows are allowed in one request"),
    429: ("rate_limited", "Too many requests."),
    500: ("internal", "Something went wrong on our side; try again."),
    502: ("undelivered", "The webhook answered 500"),
    503: ("unavailable", "The service is not available just now; try again."),
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "seconds until the request may be repeated",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}


_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {
        "description": "the version of what can be edited of this thing, for `If-Match`; readings have no part in it",
        "required": True,
        "schema": {"type": "string", "example": '"0123456789abcdef0123"', "pattern": '^"[^"]+"$'},
    },
    "Location": {
        "description": "where what was made is",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "X-Bundle-Bytes": {
        "description": "how many bytes the whole release has",
        "required": True,
        "schema": {"type": "integer"},
    },
    "Link": {
        "description": 'the page that follows, with `rel="next"`; absent after the last',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "the scheme of the credential that this route takes",
        "required": True,
        "schema": {"type": "string"},
    },
}


def document(served: tuple[Operation, ...], title: str) -> dict[str, Any]:
    """Return the document of what one run mode serves."""
    types = [kind for operation in served for kind in (*operation.body, operation.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, ErrorAnswer], ref_template=_REF)
    schema_of = dict(zip(map(repr, [*types, ErrorAnswer]), schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in served:
        path = paths.setdefault(_CONVERTER.sub(r"{\1}", operation.path), {})
        if operation.is_rooted:
            path["servers"] = [{"url": "/"}]
        path[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": _ABOUT},
        "servers": [{"url": prefix} for prefix in PREFIXES],
        "paths": paths,
        "components": {
            "schemas": _closed(_in_json_schema(components), _taken_strictly(served, schema_of)),
            "securitySchemes": _SCHEMES,
        },
    }


def _in_json_schema(node: Any) -> Any:
    """Say in JSON Schema what the library says in Python.

    Decimals are the JSON numbers that they are written as, also as a default, and not texts; a pattern ends with `$`,
    since the end of a text in Python is unknown to ECMAScript.
    """
    if isinstance(node, list):
        return [_in_json_schema(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = {name: _in_json_schema(value) for name, value in cast("dict[str, Any]", node).items()}
    if found.get("format") == "decimal":
        found |= {"type": "number"} | ({"default": float(found["default"])} if "default" in found else {})
        del found["format"]  # JSON Schema has none of this name, and generators would make texts of it
    if isinstance(found.get("pattern"), str):
        found["pattern"] = found["pattern"].replace(r"\Z", "$")
    return found


def _taken_strictly(served: tuple[Operation, ...], schema_of: dict[str, Any]) -> Any:
    """Return the schemas of bodies whose unknown fields are refused."""
    return [schema_of[repr(kind)] for each in served if not each.is_lenient for kind in each.body]


def _closed(schemas: dict[str, Any], bodies: Any) -> dict[str, Any]:
    """Close the objects that bodies are made of: what they do not know is refused."""
    reached: set[str] = set()
    waiting = _references(bodies)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _references(schemas[name])
    return {
        name: schema | {"additionalProperties": False}
        if name in reached and "properties" in schema
        else schema
        for name, schema in schemas.items()
    }


def _references(node: Any) -> list[str]:
    """Return the names of the schemas that a part of the document refers to."""
    if isinstance(node, list):
        return [name for item in cast("list[Any]", node) for name in _references(item)]
    if not isinstance(node, dict):
        return []
    fields = cast("dict[str, Any]", node)
    own = [fields["$ref"].rsplit("/", 1)[-1]] if isinstance(fields.get("$ref"), str) else []
    return own + [name for value in fields.values() for name in _references(value)]


def _operation(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    summary = (operation.handler.__doc__ or "").strip().splitlines()[0]
    found: dict[str, Any] = {
        "operationId": operation.name or operation.handler.__name__,
        "summary": summary,
        "tags": [operation.tag],
        "security": _SECURITY[operation.access],
        "responses": _responses(operation, schema_of),
    }
    parameters = [*_path_parameters(operation.path), *map(_parameter, operation.parameters)]
    if parameters:
        found["parameters"] = parameters
    if operation.body:
        found["requestBody"] = _body(operation, schema_of)
    return found


def _body(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    alternatives = [schema_of[repr(kind)] for kind in operation.body]
    content: dict[str, Any] = {
        "schema": alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
    }
    if operation.example is not None:
        content["examples"] = {"example": {"value": operation.example}}
    return {"required": any(map(_needs_content, operation.body)), "content": {JSON: content}}


def _needs_content(kind: Any) -> bool:
    """Whether a body must be there: an object without a required field may be left out."""
    return not isinstance(kind, type) or any(field.required for field in msgspec.structs.fields(kind))


def _responses(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    errors = {*operation.errors, *_access_errors(operation), 500, 503}
    if not operation.is_lenient:
        errors |= {400}  # a parameter that is not known
    found = {str(operation.success): _success(operation, schema_of)}
    for status in sorted(errors):
        found[str(status)] = _failure(status, operation, schema_of[repr(ErrorAnswer)])
    return found


def _success(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(operation.success).phrase}
    if operation.headers:
        found["headers"] = {name: _HEADERS[name] for name in operation.headers}
    if operation.answer is None:
        return found
    schema = schema_of[repr(operation.answer)] if operation.media_type == JSON else {"type": "string"}
    content: dict[str, Any] = {"schema": schema}
    if operation.answer_example is not None:
        content["examples"] = {"example": {"value": operation.answer_example}}
    return found | {"content": {operation.media_type: content}}


def _failure(status: int, operation: Operation, schema: dict[str, Any]) -> dict[str, Any]:
    code, message = _ERROR_EXAMPLES[status]
    example = {"error": {"code": code, "message": message}}
    content = {JSON: {"schema": schema, "examples": {"example": {"value": example}}}}
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    if status == HTTPStatus.UNAUTHORIZED:
        example_of_scheme = {"example": operation.challenge, "type": "string"}
        found["headers"] = {"WWW-Authenticate": _HEADERS["WWW-Authenticate"] | {"schema": example_of_scheme}}
    return found | {"headers": _RETRY_AFTER} if status in {429, 503} else found


def _access_errors(operation: Operation) -> tuple[int, ...]:
    known = {AccessRule.ANYONE: (), AccessRule.ADMIN: (401, 403, 429), AccessRule.LOCAL: (401, 403, 429)}
    return known.get(operation.access, (401, 429))


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[kind]}
        for name, kind in _CONVERTER.findall(path)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }
