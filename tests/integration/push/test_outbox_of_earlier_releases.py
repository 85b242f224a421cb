"""What waited when the schema was an earlier one is pushed by the current one."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from portal.core.database.migrations import migrate
from portal.core.exchange.batches import BatchType
from portal.core.readings.service.wide_readings import move_wide_readings
from portal.core.settings import RunMode
from tests.integration.databases import downgrade
from tests.integration.push.rig import START, Rig


async def test_entries_get_their_devices_and_what_was_sent_stays_sent(rig: Rig) -> None:
    """Whole, half sent, and of two devices at once: half sent up to a reading that both have the instant of."""
    first, second = sorted([await rig.add_device("a"), await rig.add_device("b")])
    await rig.store(first, 40)
    await rig.store(second, 40, start=START + timedelta(hours=1))
    both = START + timedelta(hours=2)
    for device in (first, second):
        await rig.store(device, 20, start=both)
    await downgrade(rig.client.db, RunMode.CLIENT, "client_0003")
    await rig.on_client(
        "UPDATE monitoring.power_measurements SET received_at = CAST(:t AS timestamptz) WHERE time >= :t",
        t=both,
    )
    await rig.on_client("DELETE FROM app.push_arrivals WHERE first_at >= :t", t=both)
    await rig.on_client(
        "INSERT INTO app.push_arrivals (received_at, first_at, last_at, row_count, sent_rows, sent_time, "
        "sent_device_id) VALUES (:t, :t, CAST(:t AS timestamptz) + interval '19 s', 40, 21, "
        "CAST(:t AS timestamptz) + interval '10 s', :d)",
        t=both,
        d=first,
    )
    await rig.on_client(
        "UPDATE app.push_arrivals SET sent_rows = 25, sent_time = first_at + interval '24 s', sent_device_id = :d "
        "WHERE id = (SELECT min(id) FROM app.push_arrivals)",
        d=first,
    )
    await migrate(rig.client.db, RunMode.CLIENT)
    await rig.client.storage.bootstrap(rig.client.db)
    await move_wide_readings(rig.client)
    assert await rig.on_client(
        "SELECT device_id, row_count, sent_rows, extract(epoch FROM sent_time - first_at)::int "
        "FROM app.push_outbox ORDER BY id"
    ) == [(first, 40, 25, 24), (second, 40, 0, None), (first, 20, 11, 10), (second, 20, 10, 9)]
    await rig.drain()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 15 + 40 + 9 + 10


async def test_what_the_earlier_release_stores_while_the_schema_changes_is_pushed(rig: Rig) -> None:
    device = await rig.add_device()
    await downgrade(rig.client.db, RunMode.CLIENT, "client_0003")
    is_partitioned = (
        "SELECT relkind = 'p' FROM pg_class WHERE oid = 'monitoring.power_measurements'::regclass"
    )
    if await rig.on_client(is_partitioned) == [(True,)]:  # a hypertable makes its chunks itself
        await rig.on_client(
            "CREATE TABLE monitoring.power_measurements_20260518 PARTITION OF monitoring.power_measurements "
            "FOR VALUES FROM ('2026-05-18 00:00Z') TO ('2026-05-25 00:00Z')"
        )
    async with rig.client.db.transaction() as late:
        await late.execute(
            text(
                "INSERT INTO monitoring.power_measurements (time, device_id, active_power_kw) VALUES (:t, :d, 1)"
            ),
            {"t": START, "d": device},
        )
        await late.execute(
            text("INSERT INTO app.push_arrivals (first_at, last_at, row_count) VALUES (:t, :t, 1)"),
            {"t": START},
        )
        changing = asyncio.create_task(migrate(rig.client.db, RunMode.CLIENT))
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'app.push_arrivals'::regclass"
        )
        while not changing.done() and await rig.on_client(waiting) == [(0,)]:  # noqa: ASYNC110 - no event of it
            await asyncio.sleep(0.02)
        assert not changing.done()
    await changing
    await rig.client.storage.bootstrap(rig.client.db)
    await move_wide_readings(rig.client)
    await rig.drain()
    await rig.assert_mirrored()
    assert rig.network.rows_of(BatchType.MEASUREMENTS) == 1
