"""Decisions are made at the Client and hold at the Admin, whose release may be an earlier one."""

from datetime import timedelta
from decimal import Decimal

import httpx

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.energy.queries.decisions import decisions_in_force
from portal.core.energy.rules.judging import SwitchKind
from portal.core.exchange.batches import BatchType
from portal.core.quality.rules.answers import Correction, EventAnswer
from portal.core.quality.service import meter_events
from portal.core.values.time import epoch_microseconds
from tests.integration.databases import Clock, Stacks
from tests.integration.push.restoring import copied, recover, restored_client
from tests.integration.push.rig import Rig, Sent, line_of
from tests.integration.quality.exchanged import NEW, OLD, store


async def _decided(rig: Rig, clock: Clock) -> str:
    clock.now = NEW[-1][0] + timedelta(minutes=5)
    device = await rig.add_device()
    await store(rig.client, device, [*OLD, *NEW])
    await energy.refresh(rig.client)
    [event] = (await meter_events.list_events(rig.client)).items
    await meter_events.decide(rig.client, event.id, EventAnswer.CONFIRM, "Job card 4417")
    return event.id


async def _held(rig: Rig) -> list[object]:
    [[device]] = await rig.on_admin("SELECT id FROM fleet.devices")
    key = (rig.customer_id, device)
    async with rig.admin.db.snapshot() as session:
        return list((await decisions_in_force(session, rig.admin.layout, [key])).get(key, []))


async def test_what_was_decided_and_undone_is_so_at_the_admin(rig: Rig, clock: Clock) -> None:
    await _decided(rig, clock)
    await rig.drain()
    assert len(await _held(rig)) == 1
    assert await rig.on_admin("SELECT note FROM fleet.meter_decisions") == [("Job card 4417",)]
    [line] = await meter_events.list_decisions(rig.client)
    await meter_events.undo(rig.client, line.decision.id, "It was not")
    await rig.drain()
    assert await _held(rig) == []
    rig.network.sent.clear()
    await rig.drain()
    assert rig.network.rows_of(BatchType.EVENTS) == 0


async def test_an_admin_of_an_earlier_release_stops_nothing_and_is_asked_again(
    rig: Rig, clock: Clock
) -> None:
    def refuses(sent: Sent) -> httpx.Response | None:
        if sent.batch_type != BatchType.EVENTS:
            return None
        error = {"code": "invalid", "message": "X-Batch-Type must be one of sites, devices."}
        return httpx.Response(400, json={"error": error})

    rig.network.always = refuses
    await _decided(rig, clock)
    report = await rig.tick()
    assert line_of(report, BatchType.EVENTS).error is None
    assert (await rig.state(BatchType.EVENTS)).consecutive_failures == 0
    assert report.pending_rows == 0
    await rig.assert_mirrored()
    rig.network.sent.clear()
    clock.advance(hours=1)
    await rig.tick()
    assert rig.network.rows_of(BatchType.EVENTS) == 0
    rig.network.always = None
    clock.advance(hours=13)
    await rig.tick()
    assert len(await _held(rig)) == 1


async def test_what_a_restored_client_lost_of_decisions_comes_back(
    rig: Rig, clock: Clock, stacks: Stacks
) -> None:
    clock.now = NEW[-1][0] + timedelta(minutes=5)
    device = await rig.add_device()
    await store(rig.client, device, [*OLD, *NEW])
    await rig.drain()
    copy = await copied(stacks, rig.client)
    await energy.refresh(rig.client)
    [event] = (await meter_events.list_events(rig.client)).items
    await meter_events.decide(rig.client, event.id, EventAnswer.CONFIRM, "Job card 4417")
    await rig.drain()
    decided = await rig.on_client("SELECT id, note, author, decided_at FROM monitoring.meter_decisions")
    restored = await restored_client(stacks, rig, copy)
    await energy.refresh(restored.client)
    assert len((await meter_events.list_events(restored.client)).items) == 1
    report = await recover(restored)
    assert [(each.resource, each.what) for each in report.changes] == [("events", "added")]
    again = "SELECT id, note, author, decided_at FROM monitoring.meter_decisions"
    assert await restored.on_client(again) == decided
    await energy.refresh(restored.client)
    assert (await meter_events.list_events(restored.client)).items == ()
    assert [each.what for each in (await recover(restored)).changes] == []


THIRD = [(NEW[-1][0] + timedelta(minutes=30 + 10 * n), 500 + n / 40) for n in range(60)]


async def test_a_device_keeps_its_history_through_three_meters_on_both_sides(rig: Rig, clock: Clock) -> None:
    """The third shows what its transformers leave: 40 to 1."""
    clock.now = THIRD[-1][0] + timedelta(minutes=5)
    device = await rig.add_device()
    await store(rig.client, device, [*OLD, *NEW])
    await energy.refresh(rig.client)
    [event] = (await meter_events.list_events(rig.client)).items
    known = Correction(closing_milliwh=127_064_000_000, opening_milliwh=61_195_000_000)
    await meter_events.decide(rig.client, event.id, EventAnswer.CORRECT, "Job card 4417", known)
    third = Correction(
        kind=SwitchKind.EXCHANGE,
        at=epoch_microseconds(THIRD[0][0]),
        closing_milliwh=61_261_000_000,
        opening_milliwh=499_950_000,
        scale=(40, 1),
    )
    await meter_events.declare(rig.client, device, third, "Job card 5020")
    await rig.drain()
    await store(rig.client, device, THIRD)
    await rig.drain()
    window = OLD[0][0], THIRD[-1][0] + timedelta(hours=1)
    for stack in (rig.client, rig.admin):
        await energy.refresh(stack)
        assert (await energy.energy_proof.check(stack)).differences == ()
    here = await cost.client_cost(rig.client, *window)
    there = await cost.fleet_cost(rig.admin, rig.customer_id, *window)
    for report in (here, there):
        assert report.total_kwh == 59 + (5 + 5) + 59 + (2 + 2) + 59
        assert (report.unallocated_kwh, report.suspect_readings, report.data_quality.events) == (0, 0, ())
    assert [day.kwh for day in here.days] == [day.kwh for day in there.days]
    [line, *_] = await meter_events.list_decisions(rig.client)
    await meter_events.undo(rig.client, line.decision.id, "It was no other meter")
    await rig.drain()
    for stack in (rig.client, rig.admin):
        await energy.refresh(stack)
    here = await cost.client_cost(rig.client, *window)
    there = await cost.fleet_cost(rig.admin, rig.customer_id, *window)
    # Without it the register began again near zero, and what it shows is energy.
    assert here.total_kwh == there.total_kwh == 59 + (5 + 5) + 59 + Decimal("501.475")
    assert [event.kind for event in here.data_quality.events] == ["reset"]
    assert here.data_quality == there.data_quality
