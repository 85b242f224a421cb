"""Sites, devices, rates and readings over the API: made, changed, removed, and never another one's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, REGISTERS
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api

TARIFF: dict[str, Any] = {
    "municipality": "Example City", "name": "Domestic", "effectiveFrom": "2026-01-01", "defaultRatePerKwh": 2.5,
    "vatRate": 0.15, "periods": [],
}  # fmt: skip


async def the_site(api: Api, key: dict[str, str]) -> dict[str, Any]:
    (site,) = (await api.http.get("/api/sites", headers=key)).json()["sites"]
    return site


async def test_a_site_and_a_device_are_made_changed_and_removed(client_api: Api) -> None:
    key, http = await client_api.key(), client_api.http
    made = await http.post(
        "/api/admin/sites", json={"name": " Depot ", "address": "2 Side Road"}, headers=key
    )
    assert (made.status_code, made.json()["name"]) == (201, "Depot")
    site = f"/api/admin/sites/{made.json()['id']}"
    body = {"name": "Main", "externalId": "m-1", "maxPowerKw": 99.5}
    issued = await http.post(f"{site}/devices", json=body, headers=key)
    assert issued.status_code == 201
    token, device = issued.json()["token"], f"{site}/devices/{issued.json()['id']}"
    assert (await client_api.post_readings(token, [])).status_code == 200
    changed = await http.patch(device, json={"description": "basement", "maxPowerKw": None}, headers=key)
    assert (changed.json()["description"], changed.json()["maxPowerKw"], changed.json()["name"]) == (
        "basement", None, "Main",
    )  # fmt: skip
    renamed = await http.patch(site, json={"name": "Yard", "isActive": False}, headers=key)
    assert (renamed.json()["name"], renamed.json()["isActive"], renamed.json()["address"]) == (
        "Yard", False, "2 Side Road",
    )  # fmt: skip
    refused = await http.delete(site, headers=key)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert (await http.delete(device, headers=key)).status_code == 204
    assert (await client_api.post_readings(token, [])).status_code == 401
    assert (await http.delete(site, headers=key)).status_code == 204
    assert (await http.get(site.replace("/admin", ""), headers=key)).status_code == 404


async def test_a_new_device_token_ends_the_old_one_and_is_shown_once(
    client_api: Api, device: IssuedDevice
) -> None:
    key = await client_api.key()
    site = await the_site(client_api, key)
    path = f"/api/admin/sites/{site['id']}/devices/{device.id}/rotate-token"
    issued = (await client_api.http.post(path, headers=key)).json()
    assert issued["token"] != device.token
    assert (await client_api.post_readings(device.token, [])).status_code == 401
    assert (await client_api.post_readings(issued["token"], [])).status_code == 200
    assert issued["token"] not in (await client_api.http.get("/api/sites", headers=key)).text
    trail = await client_api.rows(
        "SELECT subject, actor_name, detail FROM app.audit_events WHERE action = 'device.token_rotated'"
    )
    assert trail == [(device.external_id, "tests", "")]


async def test_a_device_with_readings_is_not_deleted(client_api: Api, device: IssuedDevice) -> None:
    key = await client_api.key()
    await client_api.post_readings(device.token, [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}])
    site = await the_site(client_api, key)
    answer = await client_api.http.delete(f"/api/admin/sites/{site['id']}/devices/{device.id}", headers=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "has_readings")
    assert await client_api.count("monitoring.power_measurements") == 1


async def test_a_device_is_reached_through_its_own_site_only(client_api: Api, device: IssuedDevice) -> None:
    key = await client_api.key()
    other = (await client_api.http.post("/api/admin/sites", json={"name": "Other"}, headers=key)).json()["id"]
    for site in (other, str(uuid4())):
        path = f"/api/admin/sites/{site}/devices/{device.id}"
        for method, url in (("PATCH", path), ("DELETE", path), ("POST", f"{path}/rotate-token")):
            answer = await client_api.http.request(
                method, url, headers=key, json={"name": "Mine"} if method == "PATCH" else None
            )
            assert answer.status_code == 404, (method, url)
    assert (await client_api.post_readings(device.token, [])).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "  "}, 400),
        ({"name": "x", "municipalityId": 99}, 404),
        ({"name": "Head office"}, 409),
        ({"name": 1}, 400),
        ({}, 400),
    ],
)
async def test_a_poor_site_is_refused(
    client_api: Api, device: IssuedDevice, body: dict[str, Any], status: int
) -> None:
    answer = await client_api.http.post("/api/admin/sites", json=body, headers=await client_api.key())
    assert answer.status_code == status
    assert await client_api.count("monitoring.sites") == 1


async def test_rates_are_stored_whole_or_not_at_all(client_api: Api) -> None:
    key, http = await client_api.key(), client_api.http
    body = {"name": "Example City", "timeZoneId": "Africa/Johannesburg"}
    municipality = (await http.post("/api/rates/municipalities", json=body, headers=key)).json()["id"]
    bad = [
        TARIFF,
        TARIFF | {"name": "Other", "effectiveFrom": "2027-01-01", "vatRate": -1, "defaultRatePerKwh": "x"},
    ]
    refused = await http.post("/api/rates/tariffs", json=bad, headers=key)
    assert refused.status_code == 400
    paths = {problem["path"] for problem in refused.json()["error"]["details"]["problems"]}
    assert paths == {"[1].vatRate", "[1].defaultRatePerKwh"}
    assert (await http.get("/api/rates/tariffs", headers=key)).json()["tariffs"] == []
    tried = await http.post("/api/rates/tariffs?dryRun=true", json=[TARIFF], headers=key)
    assert (tried.json()["dryRun"], tried.json()["tariffs"][0]["id"]) == (True, None)
    assert (await http.post("/api/rates/tariffs?dryRun=1", json=[TARIFF], headers=key)).status_code == 400
    assert (await http.get("/api/rates/tariffs", headers=key)).json()["tariffs"] == []
    (stored,) = (await http.post("/api/rates/tariffs", json=[TARIFF], headers=key)).json()["tariffs"]
    (again,) = (await http.post("/api/rates/tariffs", json=[TARIFF], headers=key)).json()["tariffs"]
    assert again["id"] == stored["id"]
    (listed,) = (await http.get("/api/rates/tariffs", headers=key)).json()["tariffs"]
    assert (listed["municipality"], listed["defaultRatePerKwh"]) == ("Example City", 2.5)
    path = f"/api/rates/municipalities/{municipality}"
    assert (await http.delete(path, headers=key)).status_code == 409
    assert (await http.delete(f"/api/rates/tariffs/{stored['id']}", headers=key)).status_code == 204
    assert (await http.delete(f"/api/rates/tariffs/{stored['id']}", headers=key)).status_code == 404
    assert (await http.patch(path, json={"timeZoneId": "Mars/Base"}, headers=key)).status_code == 400
    assert (await http.patch(path, json={"name": "Example Metro"}, headers=key)).json()[
        "name"
    ] == "Example Metro"
    assert (await http.delete(path, headers=key)).status_code == 204
    assert (await http.get("/api/rates/municipalities", headers=key)).json()["municipalities"] == []


async def post_minutes(api: Api, device: IssuedDevice, count: int) -> None:
    start = datetime(2026, 5, 18, 8, tzinfo=UTC)
    rows = [
        {
            "time": (start + timedelta(minutes=n)).isoformat(),
            "activePowerKw": n,
            "energyImportedKwh": 100 + n,
            "source": "test",
        }
        for n in range(count)
    ]
    assert (await api.post_readings(device.token, rows)).json()["accepted"] == count


async def test_readings_are_paged_without_loss_or_repetition(client_api: Api, device: IssuedDevice) -> None:
    await post_minutes(client_api, device, 50)
    key = await client_api.key()
    asked = {"deviceId": str(device.id), "from": "2026-05-18T08:05:00Z", "to": "2026-05-18T08:45:00Z"}
    seen: list[float] = []
    while asked["from"]:
        page = (
            await client_api.http.get("/api/measurements", params=asked | {"limit": "7"}, headers=key)
        ).json()
        assert len(page["measurements"]) <= 7
        seen += [row["activePowerKw"] for row in page["measurements"]]
        asked["from"] = page["nextFrom"]
    assert seen == list(range(5, 45))


@pytest.mark.parametrize("limit", ["1", "2", "100"])
async def test_buckets_average_power_and_keep_the_registers_last_value(
    client_api: Api, device: IssuedDevice, limit: str
) -> None:
    await post_minutes(client_api, device, 50)
    key = await client_api.key()
    asked = {
        "deviceId": str(device.id), "from": "2026-05-18T08:00:00Z", "to": "2026-05-18T09:00:00Z",
        "bucket": "15m", "limit": limit,
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    while asked["from"]:
        page = (await client_api.http.get("/api/measurements", params=asked, headers=key)).json()
        rows += page["measurements"]
        asked["from"] = page["nextFrom"]
    assert [(row["time"], row["sampleCount"]) for row in rows] == [
        ("2026-05-18T08:00:00Z", 15), ("2026-05-18T08:15:00Z", 15), ("2026-05-18T08:30:00Z", 15),
        ("2026-05-18T08:45:00Z", 5),
    ]  # fmt: skip
    assert [row["activePowerKw"] for row in rows] == [7, 22, 37, 47]
    assert [row["energyImportedKwh"] for row in rows] == [114, 129, 144, 149]
    assert {row["voltageV"] for row in rows} == {None}


async def asked_for(
    api: Api, device: IssuedDevice, key: dict[str, str], **asked: str
) -> list[dict[str, Any]]:
    """The day's readings or buckets, without their times."""
    query = {"deviceId": str(device.id), "from": "2026-05-18T00:00:00Z", "to": "2026-05-19T00:00:00Z"} | asked
    answer = await api.http.get("/api/measurements", params=query, headers=key)
    assert answer.status_code == 200, answer.text
    return [
        {name: value for name, value in row.items() if name != "time"}
        for row in answer.json()["measurements"]
    ]


def everything(n: int) -> dict[str, float]:
    """A value of its own for each quantity, which all can store."""
    return {each.wire_name: round(1 + index / 100 + n / 4, 2) for index, each in enumerate(ALL_QUANTITIES)}


async def test_any_quantities_are_asked_for_by_name(client_api: Api, device: IssuedDevice) -> None:
    key, first, second = await client_api.key(), everything(0), everything(4)
    rows = [
        {"time": "2026-05-18T08:00:00Z", "source": "board", **first},
        {"time": "2026-05-18T08:01:00Z", **second},
        {"time": "2026-05-18T08:02:00Z", "activePowerKw": 3.0},
    ]
    assert (await client_api.post_readings(device.token, rows)).json()["accepted"] == 3
    names = ",".join(first)
    found = await asked_for(client_api, device, key, quantities=names)
    nothing = dict.fromkeys(first)
    assert found == [
        {"sampleCount": 1, **first, "source": "board"},
        {"sampleCount": 1, **second, "source": None},
        {"sampleCount": 1, **nothing, "activePowerKw": 3.0, "source": None},
    ]
    mean = {name: pytest.approx((first[name] + second[name]) / 2) for name in first}
    last = {each.wire_name: second[each.wire_name] for each in ALL_QUANTITIES if each.name in REGISTERS}
    power = {"activePowerKw": pytest.approx((first["activePowerKw"] + second["activePowerKw"] + 3) / 3)}
    for bucket in ("15m", "1h", "1d"):
        assert await asked_for(client_api, device, key, quantities=names, bucket=bucket) == [
            {"sampleCount": 3, **mean, **last, **power, "source": None}
        ]
    assert [row["voltageL1V"] for row in await asked_for(client_api, device, key, quantities=names, bucket="1m")] == [
        first["voltageL1V"], second["voltageL1V"], None,
    ]  # fmt: skip


async def test_a_sample_has_what_was_asked_for_and_nothing_else(
    client_api: Api, device: IssuedDevice
) -> None:
    key = await client_api.key()
    await client_api.post_readings(device.token, [{"time": "2026-05-18T08:00:00Z", **everything(0)}])
    (row,) = await asked_for(client_api, device, key, quantities="currentNA,voltageV,currentNA")
    assert row == {
        "sampleCount": 1, "voltageV": everything(0)["voltageV"], "currentNA": everything(0)["currentNA"],
        "source": None,
    }  # fmt: skip
    (row,) = await asked_for(client_api, device, key)
    assert set(row) == {"sampleCount", "source"} | {QUANTITY_OF[name].wire_name for name in QUANTITIES}


@pytest.mark.parametrize("given", ["voltage_v", "voltageV,,", "", "voltageV, currentNA", "everything"])
async def test_quantities_that_are_not_known_are_refused_by_name(
    client_api: Api, device: IssuedDevice, given: str
) -> None:
    asked = {"deviceId": str(device.id), "from": "2026-05-18T08:00:00Z", "to": "2026-05-18T09:00:00Z"}
    answer = await client_api.http.get(
        "/api/measurements", params=asked | {"quantities": given}, headers=await client_api.key()
    )
    assert answer.status_code == 400
    unknown = next(word for word in given.split(",") if word != "voltageV")
    assert answer.json()["error"]["message"].startswith(
        f"'quantities' has {unknown!r}; known: activePowerKw, "
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"deviceId": str(UUID(int=9))}, 404),
        ({"deviceId": "x"}, 400),
        ({"bucket": "7m"}, 400),
        ({"limit": "0"}, 400),
        ({"limit": "ten"}, 400),
        ({"to": "2026-05-18T08:00:00Z"}, 400),
        ({"from": "2026-05-18T08:00:00"}, 400),
    ],
)
async def test_a_poor_question_is_refused(
    client_api: Api, device: IssuedDevice, changes: dict[str, str], status: int
) -> None:
    asked = {"deviceId": str(device.id), "from": "2026-05-18T08:00:00Z", "to": "2026-05-18T09:00:00Z"}
    answer = await client_api.http.get(
        "/api/measurements", params=asked | changes, headers=await client_api.key()
    )
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == ("not_found" if status == 404 else "invalid")
