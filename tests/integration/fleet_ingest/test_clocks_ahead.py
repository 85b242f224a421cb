"""A board whose clock runs ahead hides nothing of the present: not on the Client, not at the Admin."""

from datetime import timedelta

from portal.core.fleet.service import customers
from portal.core.overview.service import client_overview
from portal.core.sites.service.devices import IssuedDevice
from portal.core.values.time import iso_utc
from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Caller, Pusher

AHEAD = (timedelta(hours=23), timedelta(minutes=2, seconds=1))


def reading(clock: Clock, ahead: timedelta, kw: float) -> dict[str, object]:
    return {"time": iso_utc(clock.now + ahead), "activePowerKw": kw}


async def test_the_dashboard_shows_the_newest_reading_that_is_not_ahead(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await client_api.post_readings(device.token, [reading(clock, ahead, 99) for ahead in AHEAD])
    empty = await client_overview(client_api.stack)
    assert (empty.power_kw, empty.power_at) == (None, None)
    await client_api.post_readings(device.token, [reading(clock, timedelta(0), 5)])
    [site] = (found := await client_overview(client_api.stack)).sites
    assert (found.power_kw, found.power_at) == (5, clock.now)
    assert (site.power_kw, site.last_reading_at, site.is_stale) == (5, clock.now, False)


async def test_a_reading_two_minutes_ahead_is_still_the_present(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await client_api.post_readings(device.token, [reading(clock, timedelta(minutes=2), 7)])
    found = await client_overview(client_api.stack)
    assert (found.power_kw, found.power_at) == (7, clock.now + timedelta(minutes=2))


async def test_a_readings_time_becomes_the_present_when_the_clock_has_caught_up(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    await client_api.post_readings(device.token, [reading(clock, timedelta(hours=1), 99)])
    at = clock.now + timedelta(hours=1)
    clock.advance(minutes=58)
    assert (await client_overview(client_api.stack)).power_at == at


async def test_rest_answers_the_last_reading_that_is_not_ahead(
    client_api: Api, device: IssuedDevice, call: Caller, clock: Clock
) -> None:
    await client_api.post_readings(
        device.token, [reading(clock, ahead, 99) for ahead in (*AHEAD, timedelta(minutes=-3))]
    )
    [site] = (await call("GET", "/api/sites")).json()["sites"]
    base = f"/api/sites/{site['id']}/devices"
    one = (await call("GET", f"{base}/{device.id}")).json()
    for found in (*site["devices"], *(await call("GET", base)).json()["devices"], one):
        assert found["lastReadingAt"] == iso_utc(clock.now - timedelta(minutes=3))
    path = f"/api/admin{base.removeprefix('/api')}/{device.id}"
    changed = await call("PATCH", path, json=one | {"description": "x"})
    assert changed.json()["lastReadingAt"] == one["lastReadingAt"]


async def test_the_fleet_shows_what_is_not_ahead(
    admin_api: Api, alice: Pusher, operate: Caller, clock: Clock
) -> None:
    rows = [reading(clock, ahead, 99) for ahead in AHEAD] + [reading(clock, timedelta(minutes=-1), 5)]
    pushed = await alice.push("measurements", [row | {"deviceId": str(alice.device_id)} for row in rows])
    assert pushed.json()["accepted"] == 3
    overview = (await operate("GET", "/api/fleet/overview")).json()
    assert (overview["powerKw"], overview["reportingDevices"]) == (5, 1)
    detail = (await operate("GET", f"/api/fleet/customers/{alice.issued.id}/detail")).json()
    [of_rest] = detail["sites"][0]["devices"]
    [of_page] = (await customers.list_customer_sites(admin_api.stack, alice.issued.id))[0].devices
    assert of_rest["lastReadingAt"] == iso_utc(clock.now - timedelta(minutes=1))
    assert of_page.last_reading_at == clock.now - timedelta(minutes=1)
