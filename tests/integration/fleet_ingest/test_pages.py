"""Lists have pages: none is empty and has a next one, nothing is left out or there twice."""

from datetime import timedelta
from typing import Any

import pytest

from portal.core.sites.service.devices import IssuedDevice
from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Caller
from tests.integration.fleet_ingest.examples import MUNICIPALITY, TARIFF

PAGE_OF = {
    "sites": "/api/sites",
    "municipalities": "/api/rates/municipalities",
    "tariffs": "/api/rates/tariffs",
}


async def paged(call: Caller, path: str, name: str, limit: int) -> list[list[dict[str, Any]]]:
    pages, cursor = [], None
    while True:
        query = {"limit": str(limit)} | ({} if cursor is None else {"cursor": cursor})
        answer = await call("GET", path, params=query)
        pages.append(answer.json()[name])
        following = answer.json()["next"]
        assert ("next" in answer.links) == (following is not None)
        if following is None:
            return pages
        linked = await call("GET", answer.links["next"]["url"])
        cursor = following
        assert (
            linked.json() == (await call("GET", path, params={"limit": str(limit), "cursor": cursor})).json()
        )


@pytest.mark.parametrize("count", [0, 1, 3, 4])
async def test_a_list_has_pages_and_none_is_empty_but_the_only_one(call: Caller, count: int) -> None:
    for number in range(count):
        await call.made("/api/rates/municipalities", MUNICIPALITY | {"name": f"City {number}"})
        await call.made("/api/admin/sites", {"name": f"Site {number}"})
        tariff = TARIFF | {"municipality": f"City {number}", "holidays": []}
        await call.made("/api/rates/tariffs", [tariff])
    for name, path in PAGE_OF.items():
        pages = await paged(call, path, name, 2)
        assert [len(page) for page in pages] == {0: [0], 1: [1], 3: [2, 1], 4: [2, 2]}[count], name
        ids = [item["id"] for page in pages for item in page]
        assert len(set(ids)) == count
        assert ids == [item["id"] for item in (await call("GET", path)).json()[name]]


async def test_who_knows_nothing_of_pages_gets_an_ordinary_list_whole(call: Caller) -> None:
    for number in range(101):
        await call.made("/api/rates/municipalities", MUNICIPALITY | {"name": f"City {number}"})
    listed = (await call("GET", "/api/rates/municipalities")).json()
    assert (len(listed["municipalities"]), listed["next"]) == (101, None)


async def test_devices_and_customers_have_pages_too(call: Caller, operate: Caller) -> None:
    site = await call.made("/api/admin/sites", {"name": "Mill"})
    devices = f"/api/sites/{site['id']}/devices"
    for number in range(3):
        await call.made(f"/api/admin{devices[4:]}", {"name": "Same", "externalId": f"m-{number}"})
        await operate.made("/api/admin/customers", {"code": f"C{number}", "name": "Acme"})
    pages = await paged(call, devices, "devices", 1)
    assert {device["externalId"] for page in pages for device in page} == {"m-0", "m-1", "m-2"}
    pages = await paged(operate, "/api/admin/customers", "customers", 2)
    assert [[customer["code"] for customer in page] for page in pages] == [["C0", "C1"], ["C2"]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "cursor=x", "cursor=WyJhIiwiYiJd", "cursor="]
)
async def test_no_page_is_made_up(call: Caller, query: str) -> None:
    assert (await call("GET", f"/api/sites?{query}")).status_code == 400


async def test_a_page_of_buckets_is_never_empty_and_has_a_next(
    client_api: Api, call: Caller, device: IssuedDevice, clock: Clock
) -> None:
    hours = (0, 1, 100, 300)
    rows = [
        {"time": (clock.now - timedelta(hours=400 - hour)).isoformat(), "activePowerKw": hour}
        for hour in hours
    ]
    assert (await client_api.post_readings(device.token, rows)).json()["accepted"] == len(rows)
    start, end = clock.now - timedelta(hours=900), clock.now + timedelta(hours=100)
    query = {"deviceId": str(device.id), "to": end.isoformat(), "bucket": "1h", "limit": "2"}
    found: list[float] = []
    following: str | None = start.isoformat()
    while following is not None:
        page = (await call("GET", "/api/measurements", params=query | {"from": following})).json()
        assert page["measurements"], "an empty page with a next one"
        found += [sample["activePowerKw"] for sample in page["measurements"]]
        following = page["nextFrom"]
    assert found == list(hours)
    nothing = query | {"from": start.isoformat(), "to": (start + timedelta(hours=50)).isoformat()}
    assert (await call("GET", "/api/measurements", params=nothing)).json()["nextFrom"] is None
