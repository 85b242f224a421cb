"""The library of tariffs over HTTP: kept and published at the Admin, fetched by a customer's stack, answered there."""

from typing import Any
from uuid import UUID

from portal.core.tariffs.service import municipalities, offers
from portal.core.tariffs.wire import EditionRow
from tests.integration.fleet_ingest.api import Api, Caller, Pusher
from tests.integration.fleet_ingest.examples import MUNICIPALITY, TARIFF

_PATH = "/api/admin/tariff-editions"
_EDITION: dict[str, Any] = TARIFF | {"timeZoneId": "Africa/Johannesburg", "source": "Council, 28 May 2026"}


async def test_an_edition_is_kept_published_and_handed_to_customers_alone(
    admin_api: Api, operate: Caller, alice: Pusher
) -> None:
    made = await operate("POST", _PATH, json=_EDITION)
    assert made.status_code == 201, made.text
    found = made.json()
    assert (found["isPublished"], found["source"], found["customers"]) == (False, "Council, 28 May 2026", 1)
    where = made.headers["location"]
    token = {"X-Customer-Token": alice.issued.token}
    assert (await admin_api.http.get("/api/fleet/tariff-editions", headers=token)).json()["rows"] == []
    changed = await operate(
        "PUT", where, json=found | {"defaultRatePerKwh": 2.75}, headers={"If-Match": made.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    stale = await operate("POST", f"{where}/publish", headers={"If-Match": made.headers["etag"]})
    assert stale.status_code == 412
    published = await operate("POST", f"{where}/publish", headers={"If-Match": changed.headers["etag"]})
    assert published.json()["isPublished"]
    [row] = (await admin_api.http.get("/api/fleet/tariff-editions", headers=token)).json()["rows"]
    assert (row["municipality"], row["tariff"]["defaultRatePerKwh"]) == ("Example City", 2.75)
    assert (await admin_api.http.get("/api/fleet/tariff-editions")).status_code == 401
    assert (await operate("DELETE", where)).status_code == 409
    assert (await operate("POST", f"{where}/withdraw")).json()["isPublished"] is False
    assert (await operate("DELETE", where)).status_code == 204
    assert (await operate("GET", where)).status_code == 404


async def test_the_library_is_handed_out_in_pages(admin_api: Api, operate: Caller, alice: Pusher) -> None:
    for year in range(2020, 2025):
        made = await operate("POST", _PATH, json=_EDITION | {"effectiveFrom": f"{year}-07-01"})
        await operate("POST", f"{made.headers['location']}/publish")
    token, seen, after = {"X-Customer-Token": alice.issued.token}, [], ""
    while True:
        answer = (
            await admin_api.http.get(f"/api/fleet/tariff-editions?limit=2{after}", headers=token)
        ).json()
        seen += [row["tariff"]["effectiveFrom"] for row in answer["rows"]]
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert sorted(seen) == [f"{year}-07-01" for year in range(2020, 2025)]
    refused = await admin_api.http.get("/api/fleet/tariff-editions?limit=101", headers=token)
    assert refused.status_code == 400


async def test_what_is_offered_is_answered_over_http(client_api: Api, call: Caller) -> None:
    await municipalities.add_municipality(client_api.stack, MUNICIPALITY["name"], MUNICIPALITY["timeZoneId"])
    wire = {name: value for name, value in TARIFF.items() if name != "municipality"}
    row = EditionRow(
        id=UUID("66666666-6666-4666-8666-666666666666"),
        version="a",
        municipality="Example City",
        time_zone_id="Africa/Johannesburg",
        tariff=wire,
    )
    await offers.take_in(client_api.stack, [row])
    [offer] = (await call("GET", "/api/rates/offers")).json()["offers"]
    assert (offer["isMeant"], offer["isWaiting"], offer["answer"]) == (True, True, None)
    path = f"/api/rates/offers/{offer['id']}"
    assert (await call("POST", f"{path}/accept", json={}, headers={"If-Match": '"b"'})).status_code == 412
    accepted = await call("POST", f"{path}/accept", json={}, headers={"If-Match": '"a"'})
    assert accepted.json()["offers"][0]["answer"] == "accepted"
    assert len((await call("GET", "/api/rates/tariffs")).json()["tariffs"]) == 1
    assert (await call("POST", f"{path}/decline")).status_code == 409
    assert (await call("POST", f"{path}/undo")).json()["offers"][0]["answer"] is None
    assert (await call("GET", "/api/rates/tariffs")).json()["tariffs"] == []


async def test_an_edition_of_the_longest_name_is_kept_and_a_longer_one_refused(operate: Caller) -> None:
    made = await operate("POST", _PATH, json=_EDITION | {"name": "0" * 200})
    assert made.status_code == 201, made.text
    longer = await operate("POST", _PATH, json=_EDITION | {"name": "0" * 201})
    assert (longer.status_code, "200" in longer.json()["error"]["message"]) == (400, True), longer.text
