"""One external id is one device at the Admin, whatever id a Client gives it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
from msgspec import structs

from fleet_ingest.app import build_app
from portal.core.exchange.sync import EPOCH_HEADER, MARK_HEADER
from portal.core.operations.service import doctor
from portal.push import task
from tests.integration.databases import Stacks
from tests.integration.push.restoring import copied, recover, replay, restored_client, stored_energy
from tests.integration.push.rig import START, Network, Rig, series

OpenRig = Callable[..., Awaitable[Rig]]
OWN = series(120, seconds=60)


class Old(httpx.AsyncBaseTransport):
    """A Client of the release before epochs: it says nothing of them, and hears nothing."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.pop(EPOCH_HEADER, None)
        if "/recovery" in request.url.path:
            return httpx.Response(404)
        answer = await self._inner.handle_async_request(request)
        answer.headers.pop(MARK_HEADER, None)
        return answer


def _old(rig: Rig) -> Rig:
    return replace(rig, network=Network(Old(rig.network.inner)))


def _new(rig: Rig) -> Rig:
    return replace(rig, network=Network(httpx.ASGITransport(build_app(rig.admin.settings, rig.admin))))


async def _devices(rig: Rig) -> list[tuple[str, int]]:
    return await rig.on_admin(
        "SELECT d.external_id, count(m.time) FROM fleet.devices d LEFT JOIN fleet.power_measurements m "
        "ON (m.customer_id, m.device_id) = (d.customer_id, d.id) GROUP BY d.id, d.external_id ORDER BY 1, 2"
    )


async def test_a_client_of_the_release_before_that_was_set_back(stacks: Stacks, rig: Rig) -> None:
    """It pushes as it always did: its meter has a new id, and its energy counts once."""
    rig = _old(rig)
    await rig.add_device("SN-1")
    await rig.drain()
    copy = await copied(stacks, rig.client)
    assert await replay(rig, await rig.add_device("SN-2"), OWN) == 120
    await rig.drain()
    was = await stored_energy(rig.admin, "fleet")
    rig = await restored_client(stacks, rig, copy)
    again = await rig.add_device("SN-2")
    assert await replay(rig, again, OWN[40:]) == 80
    await rig.drain()
    assert await _devices(rig) == [("SN-1", 0), ("SN-2", 120)]
    assert await stored_energy(rig.admin, "fleet") == was
    await rig.on_client("UPDATE monitoring.devices SET description = 'moved' WHERE id = :id", id=again)
    later = [structs.replace(row, energy_imported_kwh=200.0) for row in series(1, START.replace(hour=11))]
    await replay(rig, again, later)
    await rig.drain()
    assert await _devices(rig) == [("SN-1", 0), ("SN-2", 121)]
    assert await rig.on_admin(
        "SELECT description, is_active FROM fleet.devices WHERE external_id = 'SN-2'"
    ) == [("moved", True)]


async def test_what_differs_is_told_by_the_id_it_has_now(stacks: Stacks, rig: Rig) -> None:
    rig = _old(rig)
    copy = await copied(stacks, rig.client)
    await replay(rig, await rig.add_device("SN-2"), OWN)
    await rig.drain()
    rig = await restored_client(stacks, rig, copy)
    again = await rig.add_device("SN-2")
    await replay(rig, again, OWN[40:])
    await rig.drain()
    report = await task.verify_once(rig.client, transport=rig.network)
    [difference] = report.differences
    assert (difference.device_id, difference.extra, difference.missing, report.left) == (again, 40, 0, 40)
    done = await recover(_new(rig))
    assert done.readings == 40
    assert (await task.verify_once(rig.client, transport=rig.network)).left == 0


async def test_a_device_deleted_and_added_again_is_the_same(rig: Rig) -> None:
    first = await rig.add_device("SN-1")
    await rig.drain()
    await rig.on_client("DELETE FROM monitoring.devices")
    second = await rig.add_device("SN-1")
    await rig.store(second, 5)
    await rig.drain()
    assert await rig.on_admin("SELECT id, is_active FROM fleet.devices") == [(first, True)]
    await rig.on_client("DELETE FROM monitoring.readings")
    assert await _devices(rig) == [("SN-1", 5)]


async def test_an_external_id_that_goes_to_another_meter_is_another_meter(rigs: OpenRig) -> None:
    """Also where the batch with the new owner comes before that with the old one's new name."""
    for first_id, second_id in ((UUID(int=1), UUID(int=2)), (UUID(int=2), UUID(int=1))):
        rig = await rigs(FleetIngest__BatchSize="1", FleetIngest__MaxBatchesPerTick="9")
        await rig.add_device("SN-1")
        await rig.on_client("UPDATE monitoring.devices SET id = :id", id=first_id)
        await rig.store(first_id, 3)
        await rig.drain()
        await rig.on_client("UPDATE monitoring.devices SET external_id = 'SN-9'")
        await rig.add_device("SN-1")
        await rig.on_client("UPDATE monitoring.devices SET id = :id WHERE external_id = 'SN-1'", id=second_id)
        await rig.store(second_id, 4)
        await rig.drain()
        assert await _devices(rig) == [("SN-1", 4), ("SN-9", 3)]
        assert await rig.on_admin("SELECT count(*) FROM fleet.device_aliases") == [(0,)]


async def test_meters_that_swap_their_names_stay_themselves(rigs: OpenRig) -> None:
    rig = await rigs(FleetIngest__BatchSize="1", FleetIngest__MaxBatchesPerTick="9")
    for name in ("SN-1", "SN-2"):
        await rig.store(await rig.add_device(name), 3 if name == "SN-1" else 4)
    await rig.drain()
    for old, new in (("SN-1", "x"), ("SN-2", "SN-1"), ("x", "SN-2")):
        await rig.on_client(
            "UPDATE monitoring.devices SET external_id = :new WHERE external_id = :old", new=new, old=old
        )
    await rig.drain()
    assert await _devices(rig) == [("SN-1", 4), ("SN-2", 3)]


async def test_two_rows_of_one_external_id_are_not_two_devices(rig: Rig) -> None:
    site = uuid4()
    app = build_app(rig.admin.settings, rig.admin)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin") as http:

        async def post(kind: str, rows: list[dict[str, object]]) -> dict[str, object]:
            headers = {"X-Customer-Token": rig.token, "X-Batch-Type": kind}
            return (await http.post("/api/fleet/ingest", json=rows, headers=headers)).json()

        await post("sites", [{"id": str(site), "name": "House"}])
        rows = [{"id": str(uuid4()), "siteId": str(site), "name": n, "externalId": "SN-1"} for n in "ab"]
        answer = await post("devices", rows)
        assert (answer["accepted"], answer["rejected"]) == (1, 1)
        assert "which this batch holds as well" in str(answer["errors"])
        third = {"id": str(uuid4()), "siteId": str(site), "name": "c", "externalId": "SN-1"}
        assert (await post("devices", [third]))["accepted"] == 1
    assert await rig.on_admin("SELECT name FROM fleet.devices") == [("c",)]


async def test_what_was_pushed_twice_before_is_said_and_not_merged(rig: Rig) -> None:
    await rig.store(await rig.add_device("SN-1"), 3)
    await rig.store(await rig.add_device("SN-2"), 4)
    await rig.drain()
    await rig.on_admin("UPDATE fleet.devices SET external_id = 'SN-1'")
    found = await doctor.examine(rig.admin)
    [double] = found.doubled
    assert (double.customer, double.external_id, len(double.device_ids)) == ("ACME", "SN-1", 2)
    assert len(await rig.on_admin("SELECT 1 FROM fleet.devices")) == 2


async def test_a_request_that_a_proxy_sends_twice_is_handled_twice(rig: Rig) -> None:
    """It has the same mark and the same nonce, so it is no other batch."""
    inner = rig.network.inner

    class Twice(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            body = await request.aread()
            again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
            await inner.handle_async_request(again)
            return await inner.handle_async_request(request)

    rig.network.inner = Twice()
    await rig.store(await rig.add_device(), 20)
    await rig.drain()
    await rig.assert_mirrored()


async def test_an_admin_of_the_release_before_is_pushed_to_as_ever(rig: Rig) -> None:
    rig = _old(rig)
    await rig.store(await rig.add_device(), 20)
    await rig.drain()
    assert (await rig.tick()).behind is None
    report = await task.tick_once(rig.client, transport=rig.network)
    assert report.behind is None
    await rig.assert_mirrored()
    assert await rig.on_client("SELECT max(acknowledged_mark) FROM app.fleet_push_state") == [(None,)]
    # And when the Admin comes to this release, nothing is taken for lost.
    new = _new(rig)
    await new.store(await new.add_device("SN-2"), 5)
    assert (await new.tick()).behind is None
    await new.drain()
    assert await new.on_client("SELECT compare_until FROM app.push_epoch") == [(None,)]
