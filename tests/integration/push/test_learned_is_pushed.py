"""What a meter's readings teach the Client goes up with the device: both sides judge by it, and say the same."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.cost.wire import cost_answer, fleet_cost_answer
from portal.core.energy.rules.event_codes import code_of_kind
from portal.core.energy.rules.judging import ProposalKind
from portal.core.energy.service import learn_anew
from portal.core.exchange.batches import BatchType
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from tests.integration.push.rig import START, Rig

_QUARTER = timedelta(minutes=15)
_BEGIN = START - timedelta(days=60)
_WINDOW = _BEGIN - timedelta(days=1), START + timedelta(days=2)
_RUNGS = f"SELECT at, watts FROM {{}}.meter_events WHERE kind = {code_of_kind(ProposalKind.LEARNED_BOUND)} ORDER BY at"


def _rising(count: int) -> list[DeviceReading]:
    return [
        DeviceReading(time=_BEGIN + n * _QUARTER, energy_imported_kwh=round(5_000 + n * 3.1, 1))
        for n in range(count)
    ]


async def _store(rig: Rig, device: UUID, rows: list[DeviceReading]) -> None:
    await readings.import_readings(rig.client, device, rows)
    await energy.refresh(rig.client)


async def _arrive(rig: Rig) -> None:
    await rig.drain()
    await energy.refresh(rig.admin)


async def _both_say(rig: Rig) -> tuple[Any, Any]:
    here = cost_answer(await cost.client_cost(rig.client, *_WINDOW))
    there = fleet_cost_answer(rig.customer_id, await cost.fleet_cost(rig.admin, rig.customer_id, *_WINDOW))
    return tuple(
        (
            each.total_kwh,
            each.unallocated_kwh,
            each.suspect_readings,
            each.provisional_from,
            [(event.kind, event.from_utc, event.readings) for event in each.meter_events],
        )
        for each in (here, there)
    )


async def test_the_admin_judges_by_what_the_client_has_learned(rig: Rig) -> None:
    """A bound that the Client keeps from before (one never falls) is not to be learned from the readings there are."""
    device = await rig.add_device()
    await _store(rig, device, _rising(280))
    async with rig.client.db.transaction() as session:
        await session.execute(
            text("UPDATE monitoring.meter_heads SET learned_watts = 300000, count_milliwh = 1000000")
        )
    await learn_anew(rig.client, is_weekly=True)
    await _arrive(rig)
    kept = await rig.on_client("SELECT learned_watts, count_milliwh FROM monitoring.meter_heads")
    assert kept[0][0] == 300_000
    assert await rig.on_admin("SELECT learned_watts, count_milliwh FROM fleet.meter_heads") == kept
    rungs = await rig.on_client(_RUNGS.format("monitoring"))
    assert [watts for _, watts in rungs] == [100_000]
    assert await rig.on_admin(_RUNGS.format("fleet")) == rungs
    # The Admin does not go back to what it would learn itself, neither then nor in a pass.
    await learn_anew(rig.admin, is_weekly=True)
    await energy.recompute(rig.admin)
    await energy.refresh(rig.admin)
    assert await rig.on_admin("SELECT learned_watts, count_milliwh FROM fleet.meter_heads") == kept
    assert await rig.on_admin(_RUNGS.format("fleet")) == rungs


async def test_devices_that_taught_nothing_go_up_as_they_did(rig: Rig) -> None:
    device = await rig.add_device()
    await _arrive(rig)
    sent = [row for each in rig.network.sent if each.batch_type == BatchType.DEVICES for row in each.rows]
    assert [("learned" in row) for row in sent] == [False]
    await _store(rig, device, _rising(280))
    await learn_anew(rig.client, is_weekly=True)
    await energy.refresh(rig.client)
    await _arrive(rig)
    sent = [row for each in rig.network.sent if each.batch_type == BatchType.DEVICES for row in each.rows]
    assert sent[-1]["learned"]["watts"] == 100_000
    assert sent[-1]["learned"]["countMilliwh"] == 100_000
    assert [rung["watts"] for rung in sent[-1]["learned"]["rungs"]] == [100_000]


async def test_what_an_earlier_client_does_not_tell_the_admin_learns_itself(rig: Rig) -> None:
    device = await rig.add_device()
    await _store(rig, device, _rising(280))
    await _arrive(rig)
    await learn_anew(rig.admin, is_weekly=True)
    assert await rig.on_admin("SELECT learned_watts, count_milliwh FROM fleet.meter_heads") == [
        (100_000, 100_000)
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_both_sides_say_from_when_on_it_is_provisional(rig: Rig, seed: int) -> None:
    """The Client takes a reading at a time, the Admin a day or so: what they say is the same, at every moment."""
    rng = random.Random(seed)
    device = await rig.add_device()
    shown, at = 5_000.0, _BEGIN
    for _ in range(6):
        for _ in range(rng.choice([1, 7, 20, 30])):
            at += _QUARTER * rng.choice([1, 1, 1, 2, 30])
            shown += rng.choice([0, 0, 0.1, 0.4, 2])
            told = rng.choice([0.0, shown - 0.1, shown / 2]) if rng.random() < 0.02 else shown
            shown = 1.0 if rng.random() < 0.004 else shown
            await _store(rig, device, [DeviceReading(time=at, energy_imported_kwh=round(told, 1))])
        if rng.random() < 0.3:
            await learn_anew(rig.client, is_weekly=True)
            await energy.refresh(rig.client)
        await _arrive(rig)
        here, there = await _both_say(rig)
        assert here == there
