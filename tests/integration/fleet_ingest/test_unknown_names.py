"""What is not known is refused by its name, and boards and stacks of other releases are forgiven."""

from typing import Any

import pytest

from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api, Caller, Pusher
from tests.integration.fleet_ingest.examples import MUNICIPALITY, PERIOD, TARIFF


@pytest.mark.parametrize(
    "path", ["/api/sites", "/api/rates/municipalities", "/api/openapi.json", "/health/live"]
)
async def test_an_unknown_parameter_is_refused_by_name(call: Caller, path: str) -> None:
    answer = await call("GET", f"{path}?limti=5")
    assert answer.status_code == 400
    assert "unknown parameter 'limti'; known: " in answer.json()["error"]["message"]
    assert answer.json()["error"]["details"]["problems"][0]["path"] == "limti"


async def test_a_misspelled_dry_run_imports_nothing(call: Caller) -> None:
    await call.made("/api/rates/municipalities", MUNICIPALITY)
    answer = await call("POST", "/api/rates/tariffs?dry_run=true", json=[TARIFF])
    assert (answer.status_code, "'dry_run'; known: dryRun" in answer.text) == (400, True)
    assert (await call("GET", "/api/rates/tariffs")).json()["tariffs"] == []


async def test_a_parameter_given_twice_is_refused(call: Caller) -> None:
    assert (await call("GET", "/api/sites?limit=1&limit=2")).status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/admin/sites", {"name": "A", "municipality": "Example City"}, "municipality"),
        ("/api/admin/sites", {"name": "A", "timeZoneId": "Africa/Johannesburg"}, "timeZoneId"),
        ("/api/admin/sites", {"name": "A", "adress": "1 Main Road"}, "adress"),
        ("/api/admin/sites/SITE/devices", {"name": "A", "externalId": "a", "maxPowerKW": 9}, "maxPowerKW"),
        ("/api/rates/municipalities", MUNICIPALITY | {"timezone": "UTC"}, "timezone"),
        ("/api/rates/tariffs", [TARIFF | {"vat": 0.15}], "[0].vat"),
        ("/api/rates/tariffs", [TARIFF | {"periods": [PERIOD | {"days": 31}]}], "[0].periods[0].days"),
        ("/api/rates/tariffs", {"tariffs": [TARIFF], "dryRun": True}, ""),
    ],
)
async def test_an_unknown_field_is_refused_by_name(call: Caller, path: str, body: Any, field: str) -> None:
    await call.made("/api/rates/municipalities", MUNICIPALITY | {"name": "Example City"})
    site = await call.made("/api/admin/sites", {"name": "Mill"})
    before = (await call("GET", "/api/sites")).json()
    answer = await call("POST", path.replace("SITE", site["id"]), json=body)
    assert answer.status_code == 400, answer.text
    problems = answer.json()["error"]["details"]["problems"]
    assert field in {problem["path"] for problem in problems}
    assert (await call("GET", "/api/sites")).json() == before
    assert (await call("GET", "/api/rates/tariffs")).json()["tariffs"] == []


async def test_changes_refuse_unknown_fields_too(call: Caller) -> None:
    site = await call.made("/api/admin/sites", {"name": "Mill"})
    path = f"/api/admin/sites/{site['id']}"
    device = await call.made(f"{path}/devices", {"name": "Main", "externalId": "m-1"})
    for target, body in (
        (path, {"name": "Yard", "isactive": False}),
        (path, {"name": "Yard", "municipality": "Example City"}),
        (f"{path}/devices/{device['id']}", {"name": "Other", "externalID": "m-2"}),
    ):
        answer = await call("PATCH", target, json=body)
        assert (answer.status_code, "unknown field" in answer.text) == (400, True), answer.text
    assert (await call("GET", f"/api/sites/{site['id']}")).json()["name"] == "Mill"


async def test_admin_routes_refuse_what_they_do_not_know(operate: Caller) -> None:
    refused = await operate("POST", "/api/admin/customers", json={"code": "ACME", "name": "Acme", "grace": 1})
    assert refused.json()["error"]["details"]["problems"] == [{"path": "grace", "message": "unknown field"}]
    made = await operate.made("/api/admin/customers", {"code": "ACME", "name": "Acme"})
    rotate = f"/api/admin/customers/{made['id']}/rotate-token"
    for body in ({"grace_hours": 0}, {"graceHours": 721}):
        assert (await operate("POST", rotate, json=body)).status_code == 400
    wrong = f"/api/admin/customers/{made['id']}?confirmation=ACME"
    assert (await operate("DELETE", wrong)).status_code == 400
    assert (await operate("GET", f"/api/admin/customers/{made['id']}")).status_code == 200


async def test_devices_and_stacks_of_other_releases_are_forgiven(
    client_api: Api, device: IssuedDevice, alice: Pusher
) -> None:
    row = {"time": "2026-05-18T08:00:00Z", "activePowerKw": 1, "firmware": "7.1", "rssi": -71}
    posted = await client_api.http.post(
        "/api/ingest/measurements?board=4", json=[row], headers={"Authorization": f"Bearer {device.token}"}
    )
    assert posted.json()["accepted"] == 1
    pushed = await alice.push(
        "sites", [{"id": str(alice.site_id), "name": "Head office", "future": {"a": 1}}]
    )
    assert pushed.json()["accepted"] == 1
