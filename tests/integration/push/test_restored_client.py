"""A Client's database is set back: nothing is sent, what was lost comes back, and every meter is one device."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec import structs

from portal.core.audit import service as audit
from portal.core.errors import Conflict
from portal.core.exchange.batches import BatchType
from portal.core.outbox.service import push
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.push import task
from tests.integration.databases import Clock, Stacks
from tests.integration.push.restoring import (
    copied,
    recover,
    replay,
    restored_client,
    stored_energy,
    with_admin,
)
from tests.integration.push.rig import START, Killed, Rig, series
from tests.integration.push.test_full_sets import TARIFF

OpenRig = Callable[..., Awaitable[Rig]]
DAY = timedelta(days=1)
EARLIER, LATER = START - 2 * DAY, START - DAY
METER = series(300, LATER, seconds=60)
AT_ADMIN = (
    "SELECT 'site', id::text, name, is_active::text FROM fleet.sites UNION ALL "
    "SELECT 'device', id::text, external_id, is_active::text FROM fleet.devices UNION ALL "
    "SELECT 'municipality', id::text, name, time_zone_id FROM fleet.municipalities UNION ALL "
    "SELECT 'tariff', id::text, name, is_active::text FROM fleet.tariffs UNION ALL "
    "SELECT 'readings', '', '', count(*)::text FROM fleet.power_measurements ORDER BY 1, 2"
)


class _WithoutRecovery(httpx.AsyncBaseTransport):
    """An Admin of the release before, or a proxy that passes the batches on and nothing else."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "/recovery" in request.url.path:
            return httpx.Response(404)
        return await self._inner.handle_async_request(request)


async def yesterday(rig: Rig) -> Any:
    await municipalities.add_municipality(rig.client, "Example City", "Africa/Johannesburg")
    await sites.add_site(rig.client, "House", municipality="Example City")
    await tariff_imports.import_tariffs(rig.client, [TARIFF])
    device = await rig.add_device("SN-1")
    await rig.store(device, 200, start=EARLIER, seconds=60)
    await rig.drain()
    return device


def _later(count: int) -> list[DeviceReading]:
    """What the first meter shows a day later."""
    rows = series(count, LATER, seconds=60)
    return [structs.replace(row, energy_imported_kwh=500.0 + number) for number, row in enumerate(rows)]


async def _today(rig: Rig, device: Any) -> None:
    """What the dump does not hold: a meter, a municipality with its tariff and site, and 1,200 readings."""
    await municipalities.add_municipality(rig.client, "Oldville", "Africa/Windhoek")
    await tariff_imports.import_tariffs(rig.client, [{**TARIFF, "municipality": "Oldville", "name": "Flat"}])
    await sites.add_site(rig.client, "Old mill", municipality="Oldville")
    second = await rig.add_device("SN-2", site="Old mill")
    assert await replay(rig, device, _later(900)) == 900
    assert await replay(rig, second, METER) == 300
    await rig.drain()


async def _restored(stacks: Stacks, rig: Rig) -> Rig:
    device = await yesterday(rig)
    copy = await copied(stacks, rig.client)
    await _today(rig, device)
    rig.network.sent.clear()
    return await restored_client(stacks, rig, copy)


async def test_all_of_it(stacks: Stacks, rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig = await _restored(stacks, rig)
    before = await rig.on_admin(AT_ADMIN)
    was = await stored_energy(rig.admin, "fleet")
    # The operator goes on: a meter is added again and replays, a municipality is made.
    await municipalities.add_municipality(rig.client, "Newtown", "UTC")
    await sites.add_site(rig.client, "New mill", municipality="Newtown")
    again = await rig.add_device("SN-2", site="New mill")
    assert await replay(rig, again, METER[100:]) == 200
    capsys.readouterr()
    for _ in range(3):
        report = await rig.tick()
    assert "portal push recover" in (report.behind or "")
    assert all(line.error and line.batches == 0 for line in report.resources)
    assert await rig.on_admin(AT_ADMIN) == before, "nothing changes at the Admin"
    assert capsys.readouterr().out.count("The push is stopped") == 1
    assert (await push.status(rig.client)).behind_since is not None

    tried = await recover(rig, dry_run=True)
    assert (tried.readings, tried.pushed) == (1000, None)
    assert "push" not in {event.action.partition(".")[0] for event in await audit.list_events(rig.client)}
    assert await rig.on_client("SELECT count(*) FROM monitoring.power_measurements") == [(400,)]
    done = await recover(rig)
    assert done.readings == 900 + 100
    assert done.to_rotate == []
    assert done.pushed is not None
    assert done.pushed.behind is None
    recovered, put_back = await audit.list_events(rig.client, topic="push")
    assert (recovered.action, recovered.detail) == (
        "push.recovered",
        f"{len(done.changes)} rows and 1000 readings",
    )
    assert (put_back.action, put_back.subject) == ("push.sets_recovered", f"{len(done.changes)} rows")
    assert "municipalities Oldville: added" in put_back.detail
    assert "tariffs Flat: added" in put_back.detail
    await rig.drain()

    assert await rig.on_admin("SELECT external_id FROM fleet.devices ORDER BY 1") == [("SN-1",), ("SN-2",)]
    assert await stored_energy(rig.admin, "fleet") == was
    assert await stored_energy(rig.client, "monitoring") == was
    named = "SELECT name, time_zone_id FROM {} ORDER BY name"
    expected = [
        ("Example City", "Africa/Johannesburg"),
        ("Newtown", "UTC"),
        ("Oldville", "Africa/Windhoek"),
    ]
    assert await rig.on_client(named.format("app.municipalities")) == expected
    assert await rig.on_admin(named.format("fleet.municipalities")) == expected
    assert await rig.on_admin(
        "SELECT s.name, m.name FROM fleet.sites s JOIN fleet.municipalities m "
        "ON (m.customer_id, m.id) = (s.customer_id, s.local_municipality_id) WHERE s.is_active ORDER BY 1"
    ) == [("House", "Example City"), ("New mill", "Newtown"), ("Old mill", "Oldville")]
    report = await task.verify_once(rig.client, transport=rig.network)
    assert (report.differences, report.left) == ([], 0)
    assert report.readings == 200 + 900 + 300


async def test_a_proxy_that_hides_the_recovery_routes_lifts_no_stop(
    stacks: Stacks, rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = await _restored(stacks, rig)
    before = await rig.on_admin(AT_ADMIN)
    await sites.add_site(rig.client, "New mill")
    assert (await rig.tick()).behind
    rig.network.inner = _WithoutRecovery(rig.network.inner)
    capsys.readouterr()
    for _ in range(2):
        assert (await rig.tick()).behind
    assert "The push is stopped" not in capsys.readouterr().out, "it was all the time"
    assert await rig.on_admin(AT_ADMIN) == before


async def test_nothing_recovered_is_pushed_as_new(stacks: Stacks, rig: Rig) -> None:
    rig = await _restored(stacks, rig)
    await recover(rig)
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 0
    assert (await push.backlog(rig.client)).pending_rows == 0


async def test_a_database_from_scratch_is_the_same_case(stacks: Stacks, rig: Rig) -> None:
    await _today(rig, await yesterday(rig))
    before = await rig.on_admin(AT_ADMIN)
    fleet = rig.client.settings.fleet_ingest
    empty = await stacks.client(
        FleetIngest__Enabled="true",
        FleetIngest__Url=fleet.url,
        FleetIngest__Token=fleet.token.get_secret_value(),
    )
    old, rig = rig, Rig(empty, rig.admin, rig.network, rig.token, rig.customer_id)
    await rig.add_device("SN-9", site="Shed")
    assert (await rig.tick()).behind
    assert await rig.on_admin(AT_ADMIN) == before
    with pytest.raises(Conflict, match="ACME"):
        await recover(await _pushed_elsewhere(rig))
    await rig.on_client("DELETE FROM app.fleet_push_state")
    done = await recover(rig)
    assert sorted(done.to_rotate) == ["SN-1", "SN-2"]
    await rig.drain()
    await rig.assert_mirrored()
    assert await stored_energy(rig.client, "monitoring") == await stored_energy(old.client, "monitoring")
    tariffs = (
        "SELECT t.id, t.name, t.default_rate_per_kwh, p.name, p.rate_per_kwh, m.name FROM app.tariffs t "
    )
    joined = "JOIN app.tariff_periods p ON p.tariff_id = t.id JOIN app.municipalities m ON m.id = t.municipality_id"
    assert await rig.on_client(f"{tariffs}{joined} ORDER BY 1") == await old.on_client(
        f"{tariffs}{joined} ORDER BY 1"
    )


async def _pushed_elsewhere(rig: Rig) -> Rig:
    """Say that this stack has pushed its own before: to another customer, by another token."""
    await rig.on_client(
        "INSERT INTO app.fleet_push_state (resource_type, last_synced_at) VALUES ('sites', now())"
    )
    return rig


async def test_it_may_be_killed_anywhere_and_run_again(stacks: Stacks, rig: Rig) -> None:
    rig = await _restored(stacks, rig)
    point = 0
    while True:
        rig.network.fuse.left = point
        with suppress(Killed):
            await recover(rig)
            break
        point += 3
    rig.network.fuse.left = None
    assert point > 20
    assert (await recover(rig)).to_rotate == ["SN-2"], "named until it has a token"
    await devices.rotate_device_token(rig.client, "SN-2")
    assert (await recover(rig)).to_rotate == []
    await rig.drain()
    await rig.assert_mirrored()


async def test_nothing_missing_changes_nothing(rig: Rig) -> None:
    await _today(rig, await yesterday(rig))
    before = await rig.on_admin(AT_ADMIN)
    done = await recover(rig)
    assert (done.changes, done.conflicts, done.readings) == ([], [], 0)
    assert await rig.on_admin(AT_ADMIN) == before
    assert (await rig.tick()).behind is None


async def test_what_is_newer_here_stays_and_is_named(stacks: Stacks, rig: Rig) -> None:
    device = await yesterday(rig)
    copy = await copied(stacks, rig.client)
    await rig.on_client("UPDATE monitoring.sites SET address = 'At the Admin', updated_at = now()")
    await rig.on_client("UPDATE monitoring.devices SET description = 'At the Admin', updated_at = now()")
    await replay(rig, device, _later(10))
    await rig.drain()
    rig = await restored_client(stacks, rig, copy)
    await rig.on_client("UPDATE monitoring.sites SET address = 'Here', updated_at = now()")
    other = _later(3)
    other[1].voltage_v = 1.0
    await replay(rig, device, other)
    done = await recover(rig)
    assert [(row.resource, row.name) for row in done.conflicts] == [("sites", "House")]
    assert [(row.resource, row.what) for row in done.changes] == [("devices", "updated")]
    assert (done.readings, done.merged_readings) == (7, 0), "the one here has all that the Admin's has"
    assert await rig.on_client("SELECT address FROM monitoring.sites") == [("Here",)]
    assert await rig.on_client("SELECT description FROM monitoring.devices") == [("At the Admin",)]


async def test_another_stack_that_pushes_meanwhile_is_not_overtaken(stacks: Stacks, rig: Rig) -> None:
    device = await yesterday(rig)
    twin = await restored_client(stacks, rig, await copied(stacks, rig.client))
    await replay(rig, device, _later(5))
    await rig.drain()
    await twin.store(device, 7)
    assert (await twin.tick()).behind
    assert (await rig.tick()).behind is None, "who pushed last goes on"
    assert await rig.on_admin("SELECT count(*) FROM fleet.power_measurements") == [(205,)]


async def test_numbers_are_never_given_out_twice(stacks: Stacks, rig: Rig) -> None:
    await yesterday(rig)
    copy = await copied(stacks, rig.client)
    first = [await municipalities.add_municipality(rig.client, f"Town {n}", "UTC") for n in range(3)]
    # They are the seconds of the clock where nobody takes more than one of them: no restore is as quick as this one.
    await rig.on_client("SELECT pg_sleep(6)")
    rig = await restored_client(stacks, rig, copy)
    again = [await municipalities.add_municipality(rig.client, f"Village {n}", "UTC") for n in range(3)]
    assert not {municipality.id for municipality in first} & {municipality.id for municipality in again}


async def test_a_number_of_an_earlier_release_that_was_given_out_twice_is_two_municipalities(
    stacks: Stacks, rig: Rig
) -> None:
    """Their sequences went back with the database."""
    await yesterday(rig)
    copy = await copied(stacks, rig.client)
    taken = "INSERT INTO app.municipalities (id, name, time_zone_id) VALUES (7, :name, :zone)"
    await rig.on_client(taken, name="Oldville", zone="Africa/Windhoek")
    await rig.on_client("INSERT INTO monitoring.sites (name, municipality_id) VALUES ('Old mill', 7)")
    await tariff_imports.import_tariffs(rig.client, [{**TARIFF, "municipality": "Oldville"}])
    await rig.drain()
    rig = await restored_client(stacks, rig, copy)
    await rig.on_client(taken, name="Newtown", zone="UTC")
    await rig.on_client("INSERT INTO monitoring.sites (name, municipality_id) VALUES ('New mill', 7)")
    await tariff_imports.import_tariffs(rig.client, [{**TARIFF, "municipality": "Newtown"}])
    await recover(rig)
    await rig.drain()
    joined = (
        "SELECT s.name, m.name, t.name FROM {sites} s JOIN {m} m ON m.id = s.{key} "
        "JOIN {t} t ON t.municipality_id = m.id AND t.is_active ORDER BY 1"
    )
    expected = [(site, town, "Domestic TOU") for site, town in (
        ("House", "Example City"), ("New mill", "Newtown"), ("Old mill", "Oldville"))]  # fmt: skip
    here = {
        "sites": "monitoring.sites",
        "m": "app.municipalities",
        "t": "app.tariffs",
        "key": "municipality_id",
    }
    there = {f: f"fleet.{n}" for f, n in (("sites", "sites"), ("m", "municipalities"), ("t", "tariffs"))}
    assert await rig.on_client(joined.format(**here)) == expected
    assert await rig.on_admin(joined.format(**there, key="local_municipality_id")) == expected


async def test_an_admin_set_back_gets_again_what_it_lost(stacks: Stacks, rig: Rig, clock: Clock) -> None:
    device = await yesterday(rig)
    copy = await copied(stacks, rig.admin)
    await _today(rig, device)
    rig = await with_admin(stacks, rig, copy)
    await rig.store(device, 3)
    for _ in range(4):
        await rig.tick()
        clock.advance(minutes=2)
    await rig.drain()
    await rig.assert_mirrored()
    assert await stored_energy(rig.admin, "fleet") == await stored_energy(rig.client, "monitoring")
    assert (await push.status(rig.client)).behind_since is None


async def test_tries_while_the_admin_is_away_do_not_hide_it(stacks: Stacks, rig: Rig) -> None:
    """Batches that nobody answered count for nothing, however many there are."""
    rig = await _restored(stacks, rig)
    before = await rig.on_admin(AT_ADMIN)
    rig.network.always = httpx.ConnectError("away")
    for number in range(30):
        await rig.on_client("UPDATE monitoring.sites SET address = :n", n=str(number))
        await rig.tick(forced=True)
    rig.network.always = None
    assert (await rig.tick(forced=True)).behind
    assert (await rig.tick(forced=True)).behind
    assert await rig.on_admin(AT_ADMIN) == before
