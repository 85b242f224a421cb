"""How many digits a register has: said at the Client, known at the Admin, and what a rollover is judged by there."""

from datetime import timedelta

import httpx

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.cost.service import cost
from portal.core.identity.service import api_keys
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from tests.integration.push.rig import START, Rig

ROLLING = (99_990.0, 99_994.0, 99_998.0, 2.0, 6.0, 10.0, 14.0)
_QUARTER = timedelta(minutes=15)


async def _kwh(rig: Rig) -> tuple[float, float]:
    window = START, START + timedelta(days=1)
    for stack in (rig.client, rig.admin):
        await energy.refresh(stack)
    here = await cost.client_cost(rig.client, *window)
    there = await cost.fleet_cost(rig.admin, rig.customer_id, *window)
    assert [event.kind for event in here.data_quality.events] == [
        event.kind for event in there.data_quality.events
    ]
    return float(here.total_kwh), float(there.total_kwh)


async def test_a_register_of_five_digits_rolls_over_once_that_is_said_and_not_before(rig: Rig) -> None:
    device = await rig.add_device()
    sent = [
        DeviceReading(time=START + n * _QUARTER, energy_imported_kwh=kwh) for n, kwh in enumerate(ROLLING)
    ]
    await readings.import_readings(rig.client, device, sent)
    await rig.drain()
    # Near zero after one rise: a register of eight digits began again, and what it shows is counted.
    assert await _kwh(rig) == (22, 22)
    app = build_app(rig.client.settings, rig.client)
    headers = {"Authorization": f"Bearer {(await api_keys.add_api_key(rig.client, 'tests')).key}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://client", headers=headers) as http:
        [site] = (await http.get("/api/admin/sites")).json()["sites"]
        path = f"/api/admin/sites/{site['id']}/devices/{device}"
        refused = await http.patch(path, json={"registerDigits": 2})
        assert (refused.status_code, "registerDigits" in refused.text) == (400, True)
        changed = await http.patch(path, json={"registerDigits": 5})
        assert (changed.status_code, changed.json()["registerDigits"]) == (200, 5)
    await app.state.refreshing.drain()
    await rig.drain()
    assert await rig.on_admin("SELECT register_digits FROM fleet.devices") == [(5,)]
    assert await _kwh(rig) == (24, 24)
    changes = await rig.on_client("SELECT detail FROM app.audit_events WHERE action = 'device.changed'")
    assert ["digits of its register" in detail for (detail,) in changes] == [True]
