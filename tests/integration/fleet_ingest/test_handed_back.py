"""What is read can be handed back, and nobody overwrites what they have not seen."""

import asyncio
from typing import Any

import pytest

from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api, Caller
from tests.integration.fleet_ingest.examples import MUNICIPALITY, PERIOD, TARIFF


async def test_tariffs_are_taken_as_they_are_answered(call: Caller) -> None:
    await call.made("/api/rates/municipalities", MUNICIPALITY)
    await call.made("/api/rates/tariffs", [TARIFF])
    listed = (await call("GET", "/api/rates/tariffs")).json()
    [shown] = listed["tariffs"]
    assert {name: shown[name] for name in TARIFF} == TARIFF
    for body in (listed, listed["tariffs"]):
        [stored] = (await call.made("/api/rates/tariffs", body))["tariffs"]
        assert (stored["id"], stored["replaced"]) == (shown["id"], True)
        assert (await call("GET", "/api/rates/tariffs")).json() == listed
    path = f"/api/rates/tariffs/{shown['id']}"
    one = await call("GET", path)
    assert one.json() == shown
    assert (await call("PUT", path, json=one.json())).json() == shown
    dearer = shown | {"defaultRatePerKwh": 2.75}
    assert (await call("PUT", path, json=dearer)).json() == dearer
    assert (await call("PUT", path, json=dearer | {"id": shown["id"] + 1})).status_code == 400


async def test_a_tariff_goes_to_another_stack_as_it_was_answered(call: Caller, operate: Caller) -> None:
    await call.made("/api/rates/municipalities", MUNICIPALITY)
    await call.made("/api/rates/tariffs", [TARIFF])
    listed = (await call("GET", "/api/rates/tariffs")).json()
    tariff_id = listed["tariffs"][0]["id"]
    assert (await call("DELETE", f"/api/rates/tariffs/{tariff_id}")).status_code == 204
    await call.made("/api/rates/tariffs", listed)
    [again] = (await call("GET", "/api/rates/tariffs")).json()["tariffs"]
    assert again | {"id": tariff_id} == listed["tariffs"][0]


async def test_things_are_taken_as_they_are_answered(call: Caller, operate: Caller) -> None:
    municipality = await call.made("/api/rates/municipalities", MUNICIPALITY)
    site = await call.made("/api/admin/sites", {"name": "Mill", "municipalityId": municipality["id"]})
    path = f"/api/admin/sites/{site['id']}"
    body = {"name": "Main", "externalId": "m-1", "maxPowerKw": 99.5, "isActive": False}
    device = f"{path}/devices/{(await call.made(f'{path}/devices', body))['id']}"
    shown_site, shown_device = (await call("GET", path)).json(), (await call("GET", device)).json()
    assert shown_device["isActive"] is False
    assert shown_site["devices"] == [shown_device]
    assert (await call("PATCH", path, json=shown_site)).json() == shown_site
    assert (await call("PATCH", device, json=shown_device)).json() == shown_device
    again = await call.made("/api/admin/sites", shown_site | {"name": "Second mill"})
    assert again == shown_site | {"name": "Second mill", "id": again["id"], "devices": []}
    copied = await call.made(f"{path}/devices", shown_device | {"externalId": "m-2"})
    copy = (await call("GET", f"{path}/devices/{copied['id']}")).json()
    own_facts = {"externalId": "m-2", "id": copied["id"], "tokenLast4": copied["token"][-4:]}
    assert copy == shown_device | own_facts
    own = f"/api/rates/municipalities/{municipality['id']}"
    assert (await call("PATCH", own, json=(await call("GET", own)).json())).json() == municipality
    assert (
        await call("POST", "/api/rates/municipalities", json=municipality | {"name": "X"})
    ).status_code == 201
    acme = await operate.made("/api/admin/customers", {"code": "ACME", "name": "Acme"})
    customer = (await operate("GET", f"/api/admin/customers/{acme['id']}")).json()
    assert (await operate("POST", "/api/admin/customers", json=customer | {"code": "B"})).status_code == 201


async def test_what_an_answer_says_and_is_not_so_is_refused(call: Caller) -> None:
    """A changed name of a municipality, or another thing's id, would be passed over otherwise."""
    municipality = await call.made("/api/rates/municipalities", MUNICIPALITY)
    site = await call.made("/api/admin/sites", {"name": "Mill", "municipalityId": municipality["id"]})
    path = f"/api/admin/sites/{site['id']}"
    for wrong in ({"municipality": "Elsewhere"}, {"timeZoneId": "UTC"}, {"id": "0" * 8 + site["id"][8:]}):
        assert (await call("PATCH", path, json=site | wrong)).status_code == 400, wrong
    assert (
        await call("POST", "/api/admin/sites", json=site | {"name": "B", "municipality": "C"})
    ).status_code == 400
    assert len((await call("GET", "/api/sites")).json()["sites"]) == 1


async def things(call: Caller) -> dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Per kind: its address, the method that changes it, and two changes; a municipality is renamed last."""
    municipality = await call.made("/api/rates/municipalities", MUNICIPALITY)
    await call.made("/api/rates/tariffs", [TARIFF])
    [tariff] = (await call("GET", "/api/rates/tariffs")).json()["tariffs"]
    site = await call.made("/api/admin/sites", {"name": "Mill"})
    path = f"/api/admin/sites/{site['id']}"
    device = await call.made(f"{path}/devices", {"name": "Main", "externalId": "m-1"})
    own = f"/api/rates/municipalities/{municipality['id']}"
    changed = tariff | {"vatRate": 0.14}, tariff | {"periods": [PERIOD | {"ratePerKwh": 4}]}
    return {
        "site": (path, "PATCH", {"address": "A"}, {"isActive": False}),
        "device": (f"{path}/devices/{device['id']}", "PATCH", {"maxPowerKw": 5}, {"description": "B"}),
        "tariff": (f"/api/rates/tariffs/{tariff['id']}", "PUT", *changed),
        "municipality": (own, "PATCH", {"name": "A"}, {"timeZoneId": "UTC"}),
    }


async def test_an_edit_of_an_older_state_is_refused(call: Caller) -> None:
    for kind, (path, method, first, second) in (await things(call)).items():
        seen = (await call("GET", path)).headers["etag"]
        changed = await call(method, path, json=first, headers={"If-Match": seen})
        assert changed.status_code == 200, (kind, changed.text)
        assert changed.headers["etag"] not in {seen, ""}
        before = (await call("GET", path)).json()
        for late in ((method, {"json": second}), ("DELETE", {})):
            refused = await call(late[0], path, headers={"If-Match": seen}, **late[1])
            assert (refused.status_code, refused.json()["error"]["code"]) == (412, "precondition_failed"), (
                kind
            )
        assert (await call("GET", path)).json() == before
        assert (await call(method, path, json=second, headers={"If-Match": f'"x", {changed.headers["etag"]}'})
                ).status_code == 200  # fmt: skip
        assert (await call(method, path, json=first, headers={"If-Match": "*"})).status_code == 200
        for stated in ("no quotes", "", f"{seen},"):
            assert (await call(method, path, json=second, headers={"If-Match": stated})).status_code == 400


async def test_of_many_edits_at_once_one_is_taken(call: Caller) -> None:
    for kind, (path, method, first, second) in (await things(call)).items():
        seen = (await call("GET", path)).headers["etag"]
        answers = await asyncio.gather(
            *(
                call(method, path, json=second if number % 2 else first, headers={"If-Match": seen})
                for number in range(8)
            )
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, *[412] * 7], kind


async def test_a_reading_is_no_edit(client_api: Api, call: Caller, device: IssuedDevice) -> None:
    [site] = (await call("GET", "/api/sites")).json()["sites"]
    path = f"/api/sites/{site['id']}/devices/{device.id}"
    before = await call("GET", path)
    await client_api.post_readings(device.token, [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}])
    after = await call("GET", path)
    assert before.json()["lastReadingAt"] != after.json()["lastReadingAt"]
    assert before.headers["etag"] == after.headers["etag"]


async def test_an_older_state_of_a_customer_is_refused(operate: Caller) -> None:
    made = await operate.made("/api/admin/customers", {"code": "ACME", "name": "Acme"})
    path = f"/api/admin/customers/{made['id']}"
    seen = {"If-Match": (await operate("GET", path)).headers["etag"]}
    disabled = await operate("POST", f"{path}/disable", headers=seen)
    assert disabled.status_code == 200
    for method, late in (("POST", f"{path}/enable"), ("POST", f"{path}/rotate-token"), ("DELETE", path)):
        assert (await operate(method, late, headers=seen)).status_code == 412
    now = {"If-Match": disabled.headers["etag"]}
    assert (await operate("POST", f"{path}/rotate-token", headers=now)).status_code == 200
    assert (await operate("POST", f"{path}/enable", headers=now)).status_code == 412


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
async def test_what_is_made_says_where_it_is(call: Caller, operate: Caller, prefix: str) -> None:
    site = await call("POST", f"{prefix}/admin/sites", json={"name": "Mill"})
    devices = f"{prefix}/admin/sites/{site.json()['id']}/devices"
    made = [
        (call, site),
        (call, await call("POST", devices, json={"name": "Main", "externalId": "m-1"})),
        (call, await call("POST", f"{prefix}/rates/municipalities", json=MUNICIPALITY)),
        (operate, await operate("POST", f"{prefix}/admin/customers", json={"code": "A", "name": "B"})),
    ]
    for caller, answer in made:
        assert answer.status_code == 201
        assert answer.headers["location"].startswith(f"{prefix}/")
        there = await caller("GET", answer.headers["location"])
        assert (there.status_code, there.json()["id"]) == (200, answer.json()["id"])
        assert there.headers["etag"]


async def test_a_token_is_rotated_for_whoever_saw_the_present_device(call: Caller) -> None:
    site = await call.made("/api/admin/sites", {"name": "Mill"})
    devices = f"/api/admin/sites/{site['id']}/devices"
    path = f"{devices}/{(await call.made(devices, {'name': 'Main', 'externalId': 'm-1'}))['id']}"
    seen = {"If-Match": (await call("GET", path)).headers["etag"]}
    changed = await call("PATCH", path, json={"maxPowerKw": 5})
    refused = await call("POST", f"{path}/rotate-token", headers=seen)
    assert (refused.status_code, refused.json()["error"]["code"]) == (412, "precondition_failed")
    present = {"If-Match": changed.headers["etag"]}
    answers = await asyncio.gather(*(call("POST", f"{path}/rotate-token", headers=present) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7], (
        "of many at once one is done"
    )
    assert (await call("DELETE", path, headers=present)).status_code == 412, "a new token is a change as well"
    assert (await call("POST", f"{path}/rotate-token")).status_code == 200
    assert (await call("POST", f"{path}/rotate-token", headers={"If-Match": "*"})).status_code == 200
    assert (await call("POST", f"{path}/rotate-token", headers={"If-Match": "none"})).status_code == 400
