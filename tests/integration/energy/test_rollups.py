"""What else holds of rollups: see `test_energy_law` for the rule itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from portal.core import energy
from portal.core.database.db import driver_connection
from portal.core.readings.queries.ingest import append_device_readings, device_by_id
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from tests.integration.energy.metering import expected_hours, shows_at_once

START = datetime(2026, 3, 2, tzinfo=UTC)


async def _new_device(stack: Stack, name: str) -> UUID:
    if not await sites.list_sites(stack):
        await sites.add_site(stack, "Site")
    return (await devices.add_device(stack, name, site="Site", external_id=name)).id


async def _store(stack: Stack, device: UUID, rows: list[tuple[datetime, float]]) -> None:
    stored = [DeviceReading(time=at, energy_imported_kwh=kwh, active_power_kw=1.0) for at, kwh in rows]
    await readings.import_readings(stack, device, stored)


async def _stored_hours(stack: Stack, device: UUID) -> dict[datetime, tuple[int, ...]]:
    async with stack.db.snapshot() as session:
        rows = await session.execute(
            text(
                "SELECT hour, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count "
                "FROM monitoring.hourly_energy WHERE device_id = :device ORDER BY hour"
            ),
            {"device": device},
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def _expected(rows: list[tuple[datetime, float]]) -> dict[datetime, tuple[int, ...]]:
    return {hour: each[:4] for hour, each in expected_hours(rows).items()}


async def test_a_late_reading_changes_only_what_it_touches(client_stack: Stack) -> None:
    device = await _new_device(client_stack, "late")
    history = [(START + timedelta(minutes=15 * i), 100 + i * 0.5) for i in range(400)]
    late = history.pop(37)
    await _store(client_stack, device, history)
    await energy.refresh(client_stack)
    await _store(client_stack, device, [late])
    assert await energy.refresh(client_stack) == 1
    assert await _stored_hours(client_stack, device) == _expected([*history, late])


async def test_a_reading_years_back_gets_its_partition_and_its_hour(client_stack: Stack) -> None:
    device = await _new_device(client_stack, "old")
    rows = [(datetime(2011, 1, 1, 0, 30, tzinfo=UTC), 1.0), (datetime(2011, 1, 1, 1, 0, tzinfo=UTC), 3.0)]
    await _store(client_stack, device, rows)
    await energy.refresh(client_stack)
    hours = await _stored_hours(client_stack, device)
    assert hours[datetime(2011, 1, 1, tzinfo=UTC)][0] == 2_000_000
    if await shows_at_once(client_stack):  # plain PostgreSQL
        async with client_stack.db.snapshot() as session:
            partition = await session.scalar(
                text("SELECT tableoid::regclass::text FROM monitoring.readings LIMIT 1")
            )
        assert partition == "monitoring.readings_20101227"


async def test_the_figures_of_an_hour_follow_late_readings(client_stack: Stack) -> None:
    device = await _new_device(client_stack, "figures")
    await _store(client_stack, device, [(START + timedelta(minutes=5), 10.0)])
    await energy.refresh(client_stack)
    row = DeviceReading(time=START + timedelta(minutes=50), energy_imported_kwh=12.5, active_power_kw=4.0)
    await readings.import_readings(client_stack, device, [row])
    await energy.refresh(client_stack)
    async with client_stack.db.snapshot() as session:
        found = (
            await session.execute(
                text(
                    "SELECT sample_count, avg_active_power_kw, max_active_power_kw, min_active_power_kw, kwh_delta "
                    "FROM monitoring.hourly_per_device WHERE device_id = :device"
                ),
                {"device": device},
            )
        ).one()
    assert tuple(found) == (2, 2.5, 4.0, 1.0, 2.5)


async def test_a_long_transaction_never_makes_another_writer_wait_for_its_week(client_stack: Stack) -> None:
    device = await _new_device(client_stack, "long")
    early, late = START - timedelta(days=400), START
    async with client_stack.db.transaction() as session:
        await client_stack.storage.ensure_partitions(client_stack.db, [early])
        connection = await driver_connection(session)
        reading = DeviceReading(time=early, energy_imported_kwh=1.0)
        await append_device_readings(connection, await device_by_id(connection, device), [reading])
        async with asyncio.timeout(10):
            await _store(client_stack, device, [(late, 2.0)])


async def test_readings_days_apart_are_judged_once(client_stack: Stack) -> None:
    """Each such reading leaves an hour of its own to recompute; going on from every one of them took minutes."""
    device = await _new_device(client_stack, "sparse")
    history = [(START - timedelta(days=5 * i), 1000 - i * 10.0) for i in range(60)]
    await _store(client_stack, device, history)
    async with asyncio.timeout(30):
        await energy.refresh(client_stack)
    assert await _stored_hours(client_stack, device) == _expected(history)
