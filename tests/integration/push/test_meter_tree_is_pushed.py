"""What stands below what, and what virtual meters are made of, is at the Admin as well, and comes back from there."""

from datetime import timedelta
from uuid import UUID

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.exchange.batches import BatchType
from portal.core.fleet.service import customers, fleet_views
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.rules.meter_tree import Formula
from portal.core.sites.service import devices
from tests.integration.databases import Clock, Stacks
from tests.integration.push.restoring import copied, recover, restored_client
from tests.integration.push.rig import START, Rig

AT_ADMIN = "SELECT external_id, kind, parent_id, formula FROM fleet.devices ORDER BY external_id"
AT_CLIENT = "SELECT external_id, kind, parent_id, formula FROM monitoring.devices ORDER BY external_id"


async def _tree(rig: Rig) -> dict[str, UUID]:
    main = await rig.add_device("main")
    sub = await devices.add_device(rig.client, "sub", site="House", external_id="sub", parent_id=main)
    rest = await devices.add_device(
        rig.client,
        "rest",
        site="House",
        external_id="rest",
        parent_id=main,
        formula=Formula((main,), (sub.id,)),
    )
    return {"main": main, "sub": sub.id, "rest": rest.id}


async def _used(rig: Rig, device: UUID, kwh: float) -> None:
    rows = [
        DeviceReading(time=START + timedelta(minutes=30 * n), energy_imported_kwh=kwh * n / 2)
        for n in range(3)
    ]
    await readings.import_readings(rig.client, device, rows)


async def test_the_admin_adds_up_bulk_meters_alone(rig: Rig, clock: Clock) -> None:
    ids = await _tree(rig)
    await _used(rig, ids["main"], 10)
    await _used(rig, ids["sub"], 4)
    await rig.drain()
    assert await rig.on_admin(AT_ADMIN) == await rig.on_client(AT_CLIENT)
    clock.now = START + timedelta(hours=2)
    for is_refreshed in (False, True):
        if is_refreshed:
            await energy.refresh(rig.admin)
        here = await cost.client_cost(rig.client, START, START + timedelta(hours=2))
        there = await cost.fleet_cost(rig.admin, rig.customer_id, START, START + timedelta(hours=2))
        assert here.total_kwh == there.total_kwh == 10
        assert here.submeters == there.submeters
        [line] = (await customers.page_of_customers(rig.admin)).items
        assert (line.energy_today_kwh, line.device_count) == (10, 2)
        assert (await fleet_views.fleet_overview(rig.admin)).energy_today_kwh == 10
        [site] = await customers.list_customer_sites(rig.admin, rig.customer_id)
        assert {device.name: device.energy_today_kwh for device in site.devices} == {
            "main": 10,
            "rest": 6,
            "sub": 4,
        }


async def test_an_admin_of_the_release_before_is_sent_of_a_bulk_meter_what_it_was_sent(rig: Rig) -> None:
    await _tree(rig)
    await rig.drain()
    [sent] = [sent for sent in rig.network.sent if sent.batch_type == BatchType.DEVICES]
    rows = {row["externalId"]: row for row in sent.rows}
    assert not {"parentId", "formula", "kind"} & rows["main"].keys()
    assert rows["sub"]["parentId"] == rows["main"]["id"]
    assert rows["rest"]["formula"] == {"plus": [rows["main"]["id"]], "minus": [rows["sub"]["id"]]}


async def test_a_client_that_was_set_back_gets_its_tree_back(rig: Rig, stacks: Stacks) -> None:
    main = await rig.add_device("main")
    sub = await rig.add_device("sub")
    await rig.drain()
    copy = await copied(stacks, rig.client)
    [site] = await rig.on_client("SELECT id FROM monitoring.sites")
    await devices.change_device(rig.client, site[0], sub, {"parent_id": main})
    await devices.add_device(
        rig.client, "rest", site="House", external_id="rest", formula=Formula((main,), (sub,))
    )
    await devices.add_device(rig.client, "third", site="House", external_id="third", parent_id=sub)
    await rig.drain()
    before = await rig.on_client(AT_CLIENT)
    back = await restored_client(stacks, rig, copy)
    report = await recover(back)
    assert await back.on_client(AT_CLIENT) == before
    assert report.to_rotate == ["third"], "a virtual meter has no board to be told a token"
