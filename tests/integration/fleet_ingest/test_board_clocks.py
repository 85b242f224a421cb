"""A board whose clock runs ahead hides nothing of the present: not on the Client, not at the Admin."""

from datetime import timedelta

import msgspec
import pytest

from portal.admin.customer_detail.sites.view import build_sites
from portal.client.dashboard.view import build_view
from portal.core.exchange.batches import ENCODER, BatchType
from portal.core.fleet.service import customers
from portal.core.outbox.service import push
from portal.core.overview.service.overview import client_overview
from portal.core.sites.service.devices import IssuedDevice
from portal.core.sites.wire import DeviceRow
from portal.core.values.time import iso_utc
from tests.integration.databases import Clock
from tests.integration.fleet_ingest.api import Api, Caller, Pusher

_ONE_ACCEPTED = {"accepted": 1, "rejected": 0, "duplicates": 0, "completed": 0, "conflicts": 0, "errors": []}

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


async def test_a_board_that_runs_ahead_is_named_wherever_its_device_is(
    client_api: Api, device: IssuedDevice, call: Caller, clock: Clock
) -> None:
    first = await client_api.post_readings(device.token, [reading(clock, timedelta(hours=23), 99)])
    told = {"serverTime": iso_utc(clock.now), "clockSkewSeconds": 23 * 3600}
    assert first.json() == _ONE_ACCEPTED | told
    true = await client_api.post_readings(device.token, [reading(clock, timedelta(0), 5)])
    assert true.json() == _ONE_ACCEPTED | told
    [site] = (await call("GET", "/api/sites")).json()["sites"]
    assert [found["clockSkewSeconds"] for found in site["devices"]] == [23 * 3600]
    [shown] = build_view(await client_overview(client_api.stack), clock.now).sites
    assert (shown.status, shown.clock_note) == ("Live", "Main: clock 23 h ahead")
    figures = (await call("GET", "/metrics")).text
    assert "portal_board_clocks_off 1.0" in figures
    assert 'portal_board_clock_skew_seconds{device="main-1"} 82800.0' in figures

    clock.advance(hours=23)
    right = await client_api.post_readings(device.token, [reading(clock, timedelta(0), 5)])
    assert "serverTime" not in right.json()
    assert (await call("GET", "/api/sites")).json()["sites"][0]["devices"][0]["clockSkewSeconds"] is None
    assert "portal_board_clocks_off 0.0" in (await call("GET", "/metrics")).text
    assert await client_api.count("monitoring.board_clocks") == 0


async def test_a_board_behind_is_named_after_some_posts_and_one_that_is_late_never(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    for minutes_late in (300, 200, 100, 50, 20, 10, 5):
        late = await client_api.post_readings(
            device.token, [reading(clock, -timedelta(minutes=minutes_late), 1)]
        )
        assert "serverTime" not in late.json()
        clock.advance(minutes=3)
    for _ in range(4):
        await client_api.post_readings(device.token, [reading(clock, -timedelta(minutes=90), 1)])
        clock.advance(minutes=5)
    slow = await client_api.post_readings(device.token, [reading(clock, -timedelta(minutes=90), 1)])
    assert slow.json()["clockSkewSeconds"] == -90 * 60


async def test_a_board_without_a_clock_is_told_the_time_where_nothing_of_it_is_stored(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    row = {"time": "2000-01-01T00:10:00Z", "voltageV": 230}
    told = (await client_api.post_readings(device.token, [row])).json()
    assert (told["accepted"], told["rejected"], told["serverTime"]) == (0, 1, iso_utc(clock.now))
    [shown] = build_view(await client_overview(client_api.stack), clock.now).sites
    assert shown.clock_note == "Main: clock not set"


async def test_a_right_clock_costs_no_row(client_api: Api, device: IssuedDevice, clock: Clock) -> None:
    for minutes in (0, 1, 2, -1):
        await client_api.post_readings(device.token, [reading(clock, timedelta(minutes=minutes), 5)])
    await client_api.post_readings(device.token, [])
    assert await client_api.count("monitoring.board_clocks") == 0


async def test_a_device_goes_with_what_is_known_of_its_clock(
    client_api: Api, device: IssuedDevice, call: Caller
) -> None:
    await client_api.post_readings(device.token, [{"time": "2000-01-01T00:10:00Z", "voltageV": 230}])
    [site] = (await call("GET", "/api/sites")).json()["sites"]
    gone = await call("DELETE", f"/api/admin/sites/{site['id']}/devices/{device.id}")
    assert gone.status_code == 204
    assert await client_api.count("monitoring.board_clocks") == 0


async def test_the_admin_names_the_clocks_that_a_client_says_are_wrong(
    admin_api: Api, alice: Pusher, operate: Caller
) -> None:
    pushed = {
        "id": str(alice.device_id), "siteId": str(alice.site_id), "name": "Main", "externalId": "main-1",
    }  # fmt: skip
    path = f"/api/fleet/customers/{alice.issued.id}/detail"
    for skew, note in ((-5400, "Clock 1 h behind"), (None, "")):
        row = pushed if skew is None else pushed | {"clockSkewSeconds": skew}
        assert (await alice.push("devices", [row])).json()["accepted"] == 1
        [found] = (await operate("GET", path)).json()["sites"][0]["devices"]
        assert found["clockSkewSeconds"] == skew
        [card] = build_sites(
            await customers.list_customer_sites(admin_api.stack, alice.issued.id), admin_api.stack.clock()
        )
        assert card["devices"][0]["clock_note"] == note
        off = f"portal_board_clocks_off {float(skew is not None)}"
        assert off in (await operate("GET", "/metrics")).text


async def test_the_push_says_which_clocks_are_wrong_and_of_a_right_one_what_it_always_said(
    client_api: Api, device: IssuedDevice, clock: Clock
) -> None:
    [right] = await push.full_set(client_api.stack, BatchType.DEVICES)
    assert b"clock" not in ENCODER.encode(right.row)
    await client_api.post_readings(device.token, [reading(clock, timedelta(hours=5), 99)])
    [wrong] = await push.full_set(client_api.stack, BatchType.DEVICES)
    assert b'"clockSkewSeconds":18000' in ENCODER.encode(wrong.row)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", 4294967295, "0001-01-01T00:00:00Z"])
async def test_a_device_is_known_to_the_admin_however_far_off_its_clock_is(
    client_api: Api, device: IssuedDevice, clock: Clock, time: object
) -> None:
    await client_api.post_readings(device.token, [{"time": time, "voltageV": 230}])
    [pushed] = await push.full_set(client_api.stack, BatchType.DEVICES)
    at_admin = msgspec.json.decode(ENCODER.encode(pushed.row), type=DeviceRow)
    assert abs(at_admin.clock_skew_seconds or 0) == 2_147_483_647
    late = await client_api.post_readings(device.token, [reading(clock, timedelta(minutes=-10), 5)])
    assert late.json()["accepted"] == 1
