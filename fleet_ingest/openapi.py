"""The OpenAPI 3.1 document, made from the route table and from the types that decode and encode."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import msgspec

from fleet_ingest.payloads import ErrorAnswer
from fleet_ingest.routes import PREFIXES, Access
from portal.core.wire.batches import TOKEN_HEADER

if TYPE_CHECKING:
    from fleet_ingest.routes import Operation, Parameter

_REF = "#/components/schemas/{name}"
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.ANYONE: [],
    Access.DEVICE: [{"deviceToken": []}],
    Access.CUSTOMER: [{"customerToken": []}],
    Access.ADMIN: [{"apiKey": []}, {"session": []}],
}
_SCHEMES = {
    "deviceToken": {"type": "http", "scheme": "bearer", "description": "a device's token"},
    "apiKey": {"type": "http", "scheme": "bearer", "description": "a machine key"},
    "customerToken": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
    "session": {"type": "apiKey", "in": "cookie", "name": "portal_session"},
}
_CONVERTER = re.compile(r"{(\w+):uuid}")


def document(served: tuple[Operation, ...], title: str) -> dict[str, Any]:
    """Return the document of what one run mode serves."""
    types = [kind for operation in served for kind in (*operation.body, operation.answer)]
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
        "security": _SECURITY[operation.access],
        "responses": _responses(operation, schema_of),
    }
    parameters = [*_path_parameters(operation.path), *map(_parameter, operation.parameters)]
    if parameters:
        found["parameters"] = parameters
    if operation.body:
        alternatives = [schema_of[repr(kind)] for kind in operation.body]
        schema = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
        content = {"application/json": {"schema": schema}}
        found["requestBody"] = {"required": operation.access is not Access.ADMIN, "content": content}
    return found


def _responses(operation: Operation, schema_of: dict[str, Any]) -> dict[str, Any]:
    errors = {*operation.errors, *_access_errors(operation), 500, 503}
    answers = {operation.success: schema_of[repr(operation.answer)]}
    answers |= dict.fromkeys(sorted(errors), schema_of[repr(ErrorAnswer)])
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": schema}},
        }
        for status, schema in answers.items()
    }


def _access_errors(operation: Operation) -> tuple[int, ...]:
    return {Access.ANYONE: (), Access.ADMIN: (401, 403)}.get(operation.access, (401,))


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "format": "uuid"}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema} for name in _CONVERTER.findall(path)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }
