"""The demo's customer can be put into the stacks again and again."""

from pathlib import Path

import pytest

from portal.core.errors import Unauthenticated
from portal.core.fleet.service import customers, fleet_batches
from portal.core.readings.service import readings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.demo import site_plan
from portal.demo.memory import Memory
from portal.demo.seeds import seed_admin, seed_client

PLANS = [device.plan for device in site_plan.DEVICES]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "demo.json")


async def test_a_fresh_client_gets_sites_devices_and_tariffs(client_stack: Stack, memory: Memory) -> None:
    last = await seed_client(client_stack, memory, PLANS)
    assert last == dict.fromkeys(plan.external_id for plan in PLANS)
    assert {site.municipality for site in await sites.list_sites(client_stack)} == {site_plan.MUNICIPALITY}
    assert [len(municipality.tariffs) for municipality in await tariffs.list_tariffs(client_stack)] == [2]
    for plan in PLANS:
        device = await readings.authenticate_device(client_stack, memory.device_tokens[plan.external_id])
        assert device.external_id == plan.external_id


async def test_seeding_again_changes_nothing(client_stack: Stack, admin_stack: Stack, memory: Memory) -> None:
    async def everything() -> tuple[object, ...]:
        await seed_client(client_stack, memory, PLANS)
        await seed_admin(admin_stack, memory)
        return (
            await sites.list_sites(client_stack),
            await devices.list_devices(client_stack),
            await tariffs.list_tariffs(client_stack),
            await customers.list_customers(admin_stack),
            Memory.load(memory.path),
        )

    assert await everything() == await everything()


async def test_lost_tokens_are_replaced(
    client_stack: Stack, admin_stack: Stack, memory: Memory, tmp_path: Path
) -> None:
    await seed_client(client_stack, memory, PLANS)
    await seed_admin(admin_stack, memory)
    anew = Memory(tmp_path / "anew.json")
    await seed_client(client_stack, anew, PLANS)
    await seed_admin(admin_stack, anew)

    customer = await fleet_batches.authenticate_customer(admin_stack, anew.customer_token)
    assert customer.code == site_plan.CUSTOMER_CODE
    assert len(await customers.list_customers(admin_stack)) == 1
    with pytest.raises(Unauthenticated):
        await fleet_batches.authenticate_customer(admin_stack, memory.customer_token)
    for external_id, token in anew.device_tokens.items():
        assert (await readings.authenticate_device(client_stack, token)).external_id == external_id
        with pytest.raises(Unauthenticated):
            await readings.authenticate_device(client_stack, memory.device_tokens[external_id])


async def test_a_tariff_somebody_entered_is_left_alone(client_stack: Stack, memory: Memory) -> None:
    await municipalities.add_municipality(client_stack, site_plan.MUNICIPALITY, site_plan.ZONE.key)
    own = {
        "municipality": site_plan.MUNICIPALITY,
        "name": "Mine",
        "effectiveFrom": "2026-01-01",
        "defaultRatePerKwh": 1,
        "fixedMonthlyCharge": 0,
        "vatRate": 0,
        "isActive": True,
        "periods": [],
    }
    await tariff_imports.import_tariffs(client_stack, [own])
    await seed_client(client_stack, memory, PLANS)
    [municipality] = await tariffs.list_tariffs(client_stack)
    assert [tariff.name for tariff in municipality.tariffs] == ["Mine"]
