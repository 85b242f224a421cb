"""The energy proof finds what was changed behind the product's back, and nothing else."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from portal.commands.energy import prove_energy
from portal.core import energy
from portal.core.energy import comparison, energy_proof
from portal.core.fleet.service import customers
from portal.core.operations.service import doctor
from portal.core.stack import Stack, close_stack, open_stack
from portal.features.data_quality.seal import Seal, build_seal
from tests.integration.databases import Clock, Stacks
from tests.integration.energy.metering import START, Meter, expected_hours, new_meter, register_histories


@pytest.fixture(params=["client", "admin"])
async def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return await (stacks.client() if request.param == "client" else stacks.admin())


HISTORY = [(START + timedelta(minutes=40 * i), 100 + i * 0.7) for i in range(150)]


async def _spoil(meter: Meter, statement: str) -> None:
    async with meter.stack.db.transaction() as session:
        await session.execute(text(meter.layout.sql(statement)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=register_histories())
async def test_whatever_the_rule_makes_of_readings_balances(
    stack: Stack, history: list[tuple[object, float]]
) -> None:
    meter = await new_meter(stack)
    await meter.store(history)  # pyright: ignore[reportArgumentType]
    proof = await energy_proof.check(stack)
    assert proof.differences == ()
    assert proof.milliwh == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {hourly_energy} SET allocated_milliwh = allocated_milliwh + 1 WHERE hour = '2026-03-03T05:00:00Z'",
        "DELETE FROM {hourly_energy} WHERE hour = '2026-03-03T05:00:00Z'",
        "UPDATE {daily_energy} SET unallocated_milliwh = 1 WHERE day = '2026-03-03'",
        "DELETE FROM {daily_energy} WHERE day = '2026-03-03'",
    ],
)
async def test_what_was_changed_is_named_and_repaired(stack: Stack, change: str) -> None:
    meter, other = await new_meter(stack), await new_meter(stack)
    await meter.store(HISTORY)
    await energy_proof.check(stack)
    await _spoil(meter, change)
    await other.store(HISTORY)
    found = await energy_proof.check(stack)
    assert [(d.device_id, d.day) for d in found.differences] == [(meter.key[-1], date(2026, 3, 3))]
    assert found.milliwh > 0
    assert await energy_proof.latest_proof(stack) == found
    repaired = await energy_proof.repair(stack, found)
    assert repaired.differences == ()
    assert await meter.hours() == expected_hours(HISTORY)
    assert await energy_proof.latest_proof(stack) == repaired


async def test_energy_without_readings_is_a_difference(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store(HISTORY[:3])
    await energy_proof.check(stack)
    await _spoil(meter, "UPDATE {hourly_energy} SET hour = hour - interval '9 days'")
    found = await energy_proof.check(stack)
    assert {d.day for d in found.differences} == {date(2026, 2, 21), date(2026, 3, 2)}
    assert (await energy_proof.repair(stack, found)).differences == ()
    assert await meter.hours() == expected_hours(HISTORY[:3])


async def test_a_changed_rated_power_counts_after_a_recompute(stack: Stack) -> None:
    meter = await new_meter(stack)
    await meter.store([(START + timedelta(minutes=10 * i), 100.0 * i) for i in range(12)])
    await energy_proof.check(stack)
    before = await meter.days()
    await _spoil(meter, "UPDATE {devices} SET max_power_kw = 10")
    await energy_proof.recompute_all(stack)
    after = await meter.days()
    assert before[START.date()][0] > 0
    assert after[START.date()][0] == 0


async def test_a_rated_power_that_changes_meanwhile_is_no_difference(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        meter = await new_meter(stack)
        await meter.store([(START + timedelta(minutes=10 * i), 100.0 * i) for i in range(12)])
    await energy.refresh(stack)
    stored_days = comparison.stored_days
    changed = False

    async def after_a_change(*args: Any) -> Any:
        nonlocal changed
        found = await stored_days(*args)
        if not changed:
            changed = True
            await _spoil(meter, "UPDATE {devices} SET max_power_kw = 10")
            await energy.recompute(stack)
            await energy.refresh(stack)
        return found

    monkeypatch.setattr(comparison, "_METERS_AT_ONCE", 1)
    monkeypatch.setattr(comparison, "stored_days", after_a_change)
    found = await comparison.compare(stack.db, stack.layout, timedelta(hours=2))
    assert changed
    assert found.differences == ()
    assert len(found.days) == 2


async def test_a_customer_sees_its_own_differences_only(stacks: Stacks) -> None:
    admin = await stacks.admin()
    alice, bob = await new_meter(admin), await new_meter(admin)
    for meter in (alice, bob):
        await meter.store(HISTORY)
    await energy_proof.check(admin)
    await _spoil(
        alice,
        f"UPDATE fleet.daily_energy SET allocated_milliwh = 7 WHERE customer_id = '{alice.key[0]}'",
    )
    await energy_proof.check(admin)
    mine = await energy_proof.latest_proof(admin, alice.key[0])
    others = await energy_proof.latest_proof(admin, bob.key[0])
    assert mine is not None
    assert mine.differences
    assert others is not None
    assert others.differences == ()


async def test_a_customer_sees_its_own_meters_only(stacks: Stacks, clock: Clock) -> None:
    admin = await stacks.admin()
    alice, bob = await new_meter(admin), await new_meter(admin)
    silent = await customers.register(admin, "SILENT", "Never seen")
    await alice.store(HISTORY)
    checked = await energy_proof.check(admin)
    found = [await energy_proof.latest_proof(admin, of) for of in (alice.key[0], bob.key[0], silent.id, None)]
    assert [(each.meter_count, each.day_count) for each in found if each] == [(1, 5), (0, 0), (0, 0), (1, 5)]
    assert [bool(build_seal(each, clock()).text) for each in found] == [True, False, False, True]
    assert found[3] == checked


async def test_an_empty_stack_compares_nothing(stack: Stack, clock: Clock) -> None:
    await energy_proof.check(stack)
    assert build_seal(await energy_proof.latest_proof(stack), clock()) == Seal()
    await new_meter(stack)
    proof = await energy_proof.check(stack)
    assert (proof.meter_count, proof.day_count) == (0, 0)


async def test_a_proof_of_an_earlier_release_is_made_again_at_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy_proof, "_FIRST_SECONDS", 0)
    await energy_proof.check(stack)
    async with stack.db.transaction() as session:
        await session.execute(text(stack.layout.sql("UPDATE {energy_proofs} SET customers = NULL")))
    before = await energy_proof.latest_proof(stack)
    assert before is not None
    assert before.customers is None
    nightly = asyncio.create_task(energy_proof.nightly(stack))
    async with asyncio.timeout(20):
        while (found := await energy_proof.latest_proof(stack)) is None or found.customers is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    nightly.cancel()
    await asyncio.gather(nightly, return_exceptions=True)


async def test_the_command_lists_what_differs_and_ends_with_1(
    client_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    meter = await new_meter(client_stack)
    await meter.store(HISTORY)
    await energy_proof.check(client_stack)
    await _spoil(meter, "DELETE FROM monitoring.hourly_energy WHERE hour = '2026-03-04T05:00:00Z'")

    async def run(**asked: bool) -> None:
        given = {"as_json": False, "repair": False, "recompute": False, **asked}
        await asyncio.to_thread(prove_energy, client_stack.settings, **given)

    with pytest.raises(typer.Exit):
        await run()
    words = capsys.readouterr().out
    assert "Off by" in words
    assert "2026-03-04" in words
    await run(repair=True)
    assert "Balanced to 0.000 kWh: 5 days of 1 meter compared." in capsys.readouterr().out
    await run(as_json=True)
    assert json.loads(capsys.readouterr().out)["differences"] == []


async def test_of_two_processes_one_checks_and_once_a_day(
    client_stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy_proof, "_FIRST_SECONDS", 0)
    monkeypatch.setattr(energy_proof, "_LOOK_SECONDS", 0.05)

    async def proofs() -> int:
        async with client_stack.db.snapshot() as session:
            return int(await session.scalar(text("SELECT count(*) FROM monitoring.energy_proofs")) or 0)

    async def until(count: int) -> None:
        async with asyncio.timeout(20):
            while await proofs() < count:  # noqa: ASYNC110 - it comes from the tasks' own transactions
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        assert await proofs() == count

    tasks = [asyncio.create_task(energy_proof.nightly(client_stack)) for _ in range(2)]
    await until(1)
    clock.advance(hours=25)
    await until(2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_changed_longest_gap_is_noticed_until_all_energy_is_recomputed(
    stacks: Stacks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await stacks.client(Billing__MaxGapMinutes="120")
    meter = await new_meter(before)
    await meter.store([(START, 10.0), (START + timedelta(minutes=90), 11.0)])
    await energy_proof.check(before)
    assert (await doctor.examine(before)).other_rule is None
    settings = before.settings.model_copy(
        update={"billing": before.settings.billing.model_copy(update={"max_gap_minutes": 60})}
    )
    after = open_stack(settings, before.db.dsn)
    await energy.bootstrap(after)
    assert "Billing__MaxGapMinutes=120, now it is 60" in capsys.readouterr().out
    assert "now it is 60" in str((await doctor.examine(after)).other_rule)
    await energy_proof.recompute_all(after)
    assert (await doctor.examine(after)).other_rule is None
    sums = "SELECT sum(allocated_milliwh)::bigint, sum(unallocated_milliwh)::bigint FROM monitoring.hourly_energy"
    async with after.db.snapshot() as session:
        assert tuple((await session.execute(text(sums))).one()) == (0, 1_000_000)
    await close_stack(after)
