"""The OpenAPI 3.1 document, made from the route table and from the types that decode and encode."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import msgspec

from fleet_ingest.operations import JSON, PREFIXES, Access
from fleet_ingest.payloads import ErrorAnswer
from portal.core.wire.batches import TOKEN_HEADER

if TYPE_CHECKING:
    from fleet_ingest.operations import Operation, Parameter

_REF = "#/components/schemas/{name}"
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.DEVICE: [{"deviceToken": []}],
    Access.CUSTOMER: [{"customerToken": []}],
    Access.ADMIN: [{"apiKey": []}, {"session": []}],
    Access.LOCAL: [{}, {"apiKey": []}],
}
_SCHEMES = {
    "deviceToken": {"type": "http", "scheme": "bearer", "description": "a device's token"},
    "apiKey": {"type": "http", "scheme": "bearer", "description": "a machine key"},
    "customerToken": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
    "session": {"type": "apiKey", "in": "cookie", "name": "portal_session"},
}
_CONVERTER = re.compile(r"{(\w+):(uuid|int)}")
_PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
}
_ERROR_EXAMPLES = {
    400: ("invalid", "'to' must be after 'from'"),
    401: ("unauthenticated", "The customer token is not known."),
    403: ("forbidden", "Only an admin may do this."),
    404: ("not_found", "There is no such customer"),
    408: ("timeout", "The body did not arrive in time."),
    409: ("conflict", "There is a customer with code 'ACME' already"),
    413: ("too_large", "at most 20000 rows are allowed in one request"),
    429: ("rate_limited", "Too many requests."),
    500: ("internal", "Something went wrong on our side; try again."),
    503: ("unavailable", "The service is not available just now; try again."),
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "seconds until the request may be repeated",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
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
        "info": {"title": title, "version": "1"},
        "servers": [{"url": prefix} for prefix in PREFIXES],
        "paths": paths,
        "components": {"schemas": _with_exact_numbers(components), "securitySchemes": _SCHEMES},
    }


def _with_exact_numbers(node: Any) -> Any:
    """Describe decimals as the JSON numbers they are written as; the library would call them texts."""
    if isinstance(node, list):
        return [_with_exact_numbers(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = {name: _with_exact_numbers(value) for name, value in cast("dict[str, Any]", node).items()}
    return found | {"type": "number"} if found.get("format") == "decimal" else found


def _operation(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    summary = (operation.handler.__doc__ or "").strip().splitlines()[0]
    found: dict[str, Any] = {
        "operationId": operation.handler.__name__,
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
    found = {str(operation.success): _success(operation, schema_of)}
    for status in sorted(errors):
        found[str(status)] = _failure(status, schema_of[repr(ErrorAnswer)])
    return found


def _success(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(operation.success).phrase}
    if operation.answer is None:
        return found
    schema = schema_of[repr(operation.answer)] if operation.media_type == JSON else {"type": "string"}
    content: dict[str, Any] = {"schema": schema}
    if operation.answer_example is not None:
        content["examples"] = {"example": {"value": operation.answer_example}}
    return found | {"content": {operation.media_type: content}}


def _failure(status: int, schema: dict[str, Any]) -> dict[str, Any]:
    code, message = _ERROR_EXAMPLES[status]
    example = {"error": {"code": code, "message": message}}
    content = {JSON: {"schema": schema, "examples": {"example": {"value": example}}}}
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    return found | {"headers": _RETRY_AFTER} if status in {429, 503} else found


def _access_errors(operation: Operation) -> tuple[int, ...]:
    known = {Access.ANYONE: (), Access.ADMIN: (401, 403, 429), Access.LOCAL: (401, 403, 429)}
    return known.get(operation.access, (401, 429))


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[kind]}
        for name, kind in _CONVERTER.findall(path)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }
