"""Texts and numbers that nobody types: refused by name, row by row, never a 500 and never a lost reading."""

import json
from typing import Any

import pytest

from portal.core.identity.service import api_keys
from portal.core.sites.service.devices import IssuedDevice
from tests.integration.fleet_ingest.api import Api, Pusher

BAD = "Bad\x07name"
ENORMOUS = ("1e-999999999", "1e999999999", "0." + "1" * 30_000)


def with_number(body: dict[str, Any], number: str) -> bytes:
    """A body whose one `0` is a number as somebody wrote it."""
    return json.dumps(body).replace(": 0", f": {number}", 1).encode()


async def a_site(api: Api, key: dict[str, str]) -> str:
    made = await api.http.post("/api/admin/sites", json={"name": "Depot"}, headers=key)
    return f"/api/admin/sites/{made.json()['id']}"


@pytest.mark.parametrize("name", [BAD, "A\x85", "\u202eeman", "Li\u2028ne", "Hal\uffff", "\u200b"])
async def test_a_client_refuses_such_names_on_every_route(client_api: Api, name: str) -> None:
    key, http = await client_api.key(), client_api.http
    site = await a_site(client_api, key)
    device = {"name": "Main", "externalId": "m-1"}
    tried = [
        await http.post("/api/admin/sites", json={"name": name}, headers=key),
        await http.patch(site, json={"name": name}, headers=key),
        await http.post(f"{site}/devices", json=device | {"name": name}, headers=key),
        await http.post(f"{site}/devices", json=device | {"externalId": name}, headers=key),
        await http.post("/api/rates/municipalities", json={"name": name, "timeZoneId": "UTC"}, headers=key),
    ]
    assert [answer.status_code for answer in tried] == [400] * len(tried)
    assert await client_api.rows("SELECT name FROM monitoring.sites") == [("Depot",)]


async def test_an_address_may_have_lines_and_no_control_characters(client_api: Api) -> None:
    key, http = await client_api.key(), client_api.http
    site = await a_site(client_api, key)
    assert (await http.patch(site, json={"address": "1 Road\nTown"}, headers=key)).status_code == 200
    refused = await http.patch(site, json={"address": "1 Road\x0b"}, headers=key)
    assert (refused.status_code, "U+000B" in refused.text) == (400, True)


@pytest.mark.parametrize("number", [*ENORMOUS, "1e-9"])
async def test_an_enormous_rated_power_is_refused(client_api: Api, number: str) -> None:
    key = await client_api.key()
    site = await a_site(client_api, key)
    body = with_number({"name": "Main", "externalId": "m-1", "maxPowerKw": 0}, number)
    answer = await client_api.http.post(f"{site}/devices", content=body, headers=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("number", ENORMOUS)
@pytest.mark.parametrize(
    "field", ["defaultRatePerKwh", "fixedMonthlyCharge", "vatRate", "id", "municipalityId"]
)
async def test_an_enormous_figure_of_a_tariff_is_refused(client_api: Api, field: str, number: str) -> None:
    key = await client_api.key()
    tariff = {
        "municipality": "A",
        "name": "T",
        "effectiveFrom": "2026-01-01",
        "defaultRatePerKwh": 1,
        "vatRate": 1,
    }
    body = b"[" + with_number(tariff | {field: 0}, number) + b"]"
    answer = await client_api.http.post("/api/rates/tariffs", content=body, headers=key)
    assert answer.status_code == 400


async def test_an_admin_refuses_such_names_of_customers(admin_api: Api) -> None:
    key = await admin_api.key()
    body = {"code": "alpha", "name": BAD}
    answer = await admin_api.http.post("/api/admin/customers", json=body, headers=key)
    assert (answer.status_code, "U+0007" in answer.text) == (400, True)
    assert await admin_api.count("fleet.customers") == 0


async def test_a_batch_is_refused_row_by_row(alice: Pusher) -> None:
    rows = [{"id": str(alice.site_id), "name": name} for name in ("Good", BAD, "\u202ebad")]
    answer = (await alice.push("sites", rows)).json()
    assert (answer["accepted"], [problem["row"] for problem in answer["errors"]]) == (1, [1, 2])
    assert "U+0007" in answer["errors"][0]["reason"]
    good = {"id": str(alice.device_id), "siteId": str(alice.site_id), "name": "Main", "externalId": "main-1"}
    for number in ENORMOUS:
        body = json.dumps([good]).encode()[:-1] + b"," + with_number(good | {"maxPowerKw": 0}, number) + b"]"
        answer = (await alice.push("devices", body)).json()
        assert (answer["accepted"], [problem["row"] for problem in answer["errors"]]) == (1, [1])


async def test_no_reading_is_lost_for_what_its_board_calls_itself(
    client_api: Api, device: IssuedDevice
) -> None:
    body = [{"time": "2026-05-18T08:00:00Z", "energyImportedKwh": 1, "source": "esp32\r\n\u202e7"}]
    assert (await client_api.post_readings(device.token, body)).json()["accepted"] == 1
    ((source,),) = await client_api.rows("SELECT source FROM monitoring.power_measurements")
    assert source == "esp32   7"


async def test_a_batch_keeps_readings_of_an_older_client_with_such_a_source(alice: Pusher) -> None:
    row = {"time": "2026-05-18T08:00:00Z", "deviceId": str(alice.device_id), "voltageV": 1, "source": "a\x07"}
    assert (await alice.push("measurements", [row])).json()["accepted"] == 1


async def test_a_key_has_a_name_that_shows(client_api: Api) -> None:
    for name in (BAD, "\u200b", "\u2028"):
        with pytest.raises(Exception, match="An API key's name"):
            await api_keys.add_api_key(client_api.stack, name)
