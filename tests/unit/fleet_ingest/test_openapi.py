"""The OpenAPI document says what is served: no more, no less, and with the shapes that travel."""

import re
from typing import Any

import httpx
import pytest

from fleet_ingest.app import build_app
from portal.core.settings import RunMode, load_settings

ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def application(mode: RunMode) -> Any:
    return build_app(load_settings({"Application__RunMode": mode}))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (
            method.upper(),
            path["servers"][0]["url"].rstrip("/") + name if "servers" in path else f"/api{name}",
            operation,
        )
        for name, path in document["paths"].items()
        for method, operation in path.items()
        if method != "servers"
    ]


def concrete(path: str) -> str:
    """The path with an id of the right kind at each place."""
    return re.sub(
        r"{(municipality|tariff|alert)_id}",
        "1",
        re.sub(
            r"{(customer|site|device|decision|decommission|event|rule|channel|edition|offer)_id}", ID, path
        ),
    )


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


@pytest.mark.parametrize("mode", RunMode)
async def test_every_described_operation_is_served_and_no_other(mode: RunMode) -> None:
    app = application(mode)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        document = (await http.get("/api/openapi.json")).json()
        assert document == (await http.get("/api/v1/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        described = operations(document)
        for method, path, operation in described:
            # No stack is open here: whatever is served answers something else than "not here".
            status = (await http.request(method, concrete(path))).status_code
            assert status not in {404, 405}, (method, path)
            if status >= 500:
                assert str(status) in operation["responses"]
    served = {re.sub(":(uuid|int|str)", "", route.path) for route in app.routes} - {
        "/api",
        "/api/{rest:path}",
    }
    assert {path for path in served if not path.startswith("/api/v1")} == {path for _, path, _ in described}


@pytest.mark.parametrize("mode", RunMode)
def test_every_reference_leads_somewhere(mode: RunMode) -> None:
    document = application(mode).state.openapi
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found = references(document)
    assert found
    assert set(found) <= known


def test_the_shapes_are_those_of_the_specification() -> None:
    client, admin = (application(mode).state.openapi["components"]["schemas"] for mode in RunMode)
    quantities = {
        "activePowerKw", "reactivePowerKvar", "apparentPowerKva", "powerFactor", "voltageV", "frequencyHz",
        "energyImportedKwh", "energyExportedKwh", "reactiveEnergyImportedKvarh", "reactiveEnergyExportedKvarh",
        "apparentEnergyKvah", "voltageL1V", "voltageL2V", "voltageL3V", "currentL1A", "currentL2A", "currentL3A",
        "currentNA", "activePowerL1Kw", "activePowerL2Kw", "activePowerL3Kw", "powerFactorL1", "powerFactorL2",
        "powerFactorL3", "voltageThdPercent", "currentThdPercent", "voltageUnbalancePercent",
        "currentUnbalancePercent", "activeDemandKw", "apparentDemandKva", "source",
    }  # fmt: skip
    assert set(client["DeviceReading"]["properties"]) == quantities | {"time", "deviceId"}
    assert client["DeviceReading"]["required"] == ["time"]
    assert set(admin["FleetReading"]["properties"]) == quantities | {"time", "deviceId"}
    assert set(admin["FleetReading"]["required"]) == {"time", "deviceId"}
    assert admin["TariffPeriodRow"]["properties"]["ratePerKwh"]["type"] == "number"
    assert set(admin["BatchAnswer"]["properties"]) == {"accepted", "rejected", "errors"}
    always = {"accepted", "rejected", "duplicates", "completed", "conflicts", "errors"}
    assert set(client["DeviceIngestAnswer"]["required"]) == always
    assert set(client["DeviceIngestAnswer"]["properties"]) == always | {
        "serverTime",
        "clockSkewSeconds",
        "settings",
        "update",
    }
    assert "FleetCostAnswer" not in client
    assert "DeviceReading" not in admin


def test_nobody_gets_in_without_the_credentials_the_document_names() -> None:
    for mode in RunMode:
        for method, path, operation in operations(application(mode).state.openapi):
            # A board that collects its token has none yet: it has a secret.
            is_open = path.startswith("/health") or path.endswith(("/openapi.json", "/docs", "/ingest/claim"))
            assert bool(operation["security"]) != is_open, (method, path)
            assert ("401" in operation["responses"]) != is_open
            assert ({} in operation["security"]) == (path == "/metrics")
