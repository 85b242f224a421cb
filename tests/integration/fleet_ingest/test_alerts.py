"""Alerts over HTTP: for whoever has a key, with versions, and without what is sealed."""

import pytest

from portal.core.sites.service.devices import IssuedDevice
from tests.integration.alerts.receivers import PASSWORD, webhook
from tests.integration.fleet_ingest.api import Api


async def test_a_rule_and_a_channel_over_http(client_api: Api, device: IssuedDevice) -> None:
    http, key = client_api.http, await client_api.key()
    with webhook() as hook:
        body = {
            "kind": "webhook",
            "name": "Hook",
            "target": hook.url,
            "quietFrom": "22:00",
            "quietTo": "06:00",
        }
        made = await http.post("/api/admin/alert-channels", json=body, headers=key)
        assert made.status_code == 201
        channel = made.json()
        address = f"/api/admin/alert-channels/{channel['id']}"
        assert made.headers["Location"].endswith(address)
        hook.status = 500
        refused = await http.post(f"{address}/trial", headers=key)
        assert (refused.status_code, refused.json()["error"]["message"]) == (502, "The webhook answered 500")
        hook.status = 200
        assert (await http.post(f"{address}/trial", headers=key)).status_code == 200
    rule = {"kind": "silent", "deviceId": str(device.id), "channels": [channel["id"]]}
    added = await http.post("/api/admin/alert-rules", json=rule, headers=key)
    assert (added.status_code, added.json()["name"], added.json()["minutes"]) == (201, "Meter silent", 30)
    own = f"/api/admin/alert-rules/{added.json()['id']}"
    changed = await http.patch(own, json={"minutes": 60}, headers=key | {"If-Match": added.headers["ETag"]})
    assert (changed.status_code, changed.json()["minutes"]) == (200, 60)
    late = await http.patch(own, json={"minutes": 90}, headers=key | {"If-Match": added.headers["ETag"]})
    assert late.status_code == 412
    answers = [made, refused, changed, await http.get("/api/admin/alert-channels", headers=key)]
    assert not any(PASSWORD in answer.text for answer in answers)
    assert (await http.delete(own, headers=key)).status_code == 204
    assert (await http.delete(address, headers=key)).status_code == 204


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"kind": "power_above"}, "threshold"),
        ({"kind": "silent", "channels": ["22222222-2222-4222-8222-222222222222"]}, "channel"),
        ({"kind": "silent", "siteId": "22222222-2222-4222-8222-222222222222"}, "site"),
        ({"kind": "silent", "minutes": 1}, "minutes"),
        ({"kind": "nothing"}, "nothing"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused(client_api: Api, body: dict[str, object], word: str) -> None:
    answer = await client_api.http.post("/api/admin/alert-rules", json=body, headers=await client_api.key())
    assert answer.status_code in {400, 404}
    assert word in answer.text


async def test_nobody_gets_alerts_without_a_key(client_api: Api) -> None:
    for route in ("/api/alerts", "/api/admin/alert-rules", "/api/admin/alert-channels"):
        assert (await client_api.http.get(route)).status_code == 401
