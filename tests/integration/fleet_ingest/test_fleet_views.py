"""What operators ask of the fleet: the overview, one customer, its ingest events, and its removal."""

from uuid import uuid4

from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Pusher

VIEWS = ("detail", "ingest-events")


def reading(pusher: Pusher, time: str, **values: float) -> dict[str, object]:
    return {"time": time, "deviceId": str(pusher.device_id), **values}


async def test_the_overview_adds_up_the_fleet(
    admin_api: Api, alice: Pusher, charlie: Pusher, clock: Clock
) -> None:
    (now,) = (await admin_api.rows("SELECT now()"))[0]
    clock.now = now
    stamp = now.isoformat()
    for pusher, power in ((alice, 2.0), (charlie, 3.5)):
        assert (
            await pusher.push("measurements", [reading(pusher, stamp, activePowerKw=power)])
        ).status_code == 200
    await charlie.push("measurements", b"nonsense")
    found = (await admin_api.http.get("/api/fleet/overview", headers=await admin_api.key())).json()
    hours = found.pop("hours")
    assert found == {
        "customers": 2, "activeCustomers": 2, "sites": 2, "devices": 2, "reportingDevices": 2, "powerKw": 5.5,
        "energyTodayKwh": 0, "energyAsOf": stamp.replace("+00:00", "Z"), "energyIsComplete": True,
    }  # fmt: skip
    assert sum(hour["batches"] for hour in hours) == 9
    assert sum(hour["refusedBatches"] for hour in hours) == 1
    assert sum(hour["rowsAccepted"] for hour in hours) == 8


async def test_a_customers_views_show_nothing_of_another(
    admin_api: Api, alice: Pusher, charlie: Pusher
) -> None:
    key = await admin_api.key()
    await charlie.push("measurements", [reading(charlie, "2026-05-18T08:00:00Z", activePowerKw=1)])
    base = f"/api/fleet/customers/{alice.issued.id}"
    detail = (await admin_api.http.get(f"{base}/detail", headers=key)).json()
    assert detail["customer"]["code"] == "acme" or detail["customer"]["id"] == str(alice.issued.id)
    assert [site["id"] for site in detail["sites"]] == [str(alice.site_id)]
    assert [device["id"] for device in detail["sites"][0]["devices"]] == [str(alice.device_id)]
    events = (await admin_api.http.get(f"{base}/ingest-events", headers=key)).json()["events"]
    assert [event["batchType"] for event in events] == ["municipalities", "devices", "sites"]
    assert str(charlie.device_id) not in str(detail) + str(events)


async def test_unknown_customers_have_no_views(admin_api: Api) -> None:
    key = await admin_api.key()
    for view in VIEWS:
        assert (
            await admin_api.http.get(f"/api/fleet/customers/{uuid4()}/{view}", headers=key)
        ).status_code == 404


async def test_ingest_events_are_paged_and_filtered(admin_api: Api, alice: Pusher) -> None:
    key = await admin_api.key()
    path = f"/api/fleet/customers/{alice.issued.id}/ingest-events"
    for number in range(5):
        await alice.push("measurements", [reading(alice, f"2026-05-18T08:0{number}:00Z", activePowerKw=1)])
    await alice.push("measurements", b"{}")
    await alice.push("measurements", [{"time": "2026-05-18T08:00:00Z", "deviceId": str(uuid4())}])
    # Two of one instant, where the first page would part them: neither is left out.
    await admin_api.rows(
        "UPDATE fleet.ingest_events SET received_at = (SELECT received_at FROM fleet.ingest_events "
        "ORDER BY received_at DESC OFFSET 3 LIMIT 1) WHERE id = (SELECT id FROM fleet.ingest_events "
        "ORDER BY received_at DESC OFFSET 4 LIMIT 1) RETURNING id"
    )
    seen: list[str] = []
    asked: dict[str, str] = {"limit": "4"}
    while asked.get("before", "first"):
        page = (await admin_api.http.get(path, params=asked, headers=key)).json()
        seen += [event["id"] for event in page["events"]]
        asked["before"] = page["nextBefore"]
    assert len(seen) == len(set(seen)) == 10
    troubled = (await admin_api.http.get(path, params={"problems": "true"}, headers=key)).json()["events"]
    assert [(event["rowsRejected"], event["error"] is None) for event in troubled] == [(1, True), (0, False)]
    only = await admin_api.http.get(path, params={"batchType": "sites"}, headers=key)
    assert [event["batchType"] for event in only.json()["events"]] == ["sites"]
    for poor in ({"limit": "0"}, {"batchType": "x"}, {"problems": "maybe"}, {"before": "x"}):
        assert (await admin_api.http.get(path, params=poor, headers=key)).status_code == 400


async def test_a_customer_that_never_pushed_readings_is_deleted_at_once(
    admin_api: Api, alice: Pusher
) -> None:
    answer = await admin_api.http.delete(
        f"/api/admin/customers/{alice.issued.id}", headers=await admin_api.key()
    )
    assert answer.status_code == 204
    assert await admin_api.count("fleet.customers") == 0
