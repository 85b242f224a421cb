"""A reading of any age shows in the hourly and daily views within one refresh, whatever ran before."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.core.database.timescale import engine as timescale
from portal.core.database.timescale import windows as timescale_windows
from portal.core.values.time import local_midnight
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, ago, readings

_METER = METERS[ALICE][0]
_JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
_MINUTES, _DAYS_40, _YEARS_3 = timedelta(minutes=90), timedelta(days=40), timedelta(days=3 * 365)


async def _history(fleet: Fleet) -> None:
    """A week of readings up to now, rolled up, and every policy of the engine has run."""
    await fleet.store(readings(ALICE, _METER, ago(days=7), timedelta(minutes=20), 7 * 72))
    await fleet.refresh()
    await fleet.run_policies()


@pytest.mark.parametrize("age", [_MINUTES, timedelta(days=2), _DAYS_40, _YEARS_3], ids=str)
async def test_a_late_reading_shows_at_once(
    fleet: Fleet, age: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _history(fleet)
    late = ago(seconds=age.total_seconds())
    await fleet.store(readings(ALICE, METERS[ALICE][1], late, timedelta(minutes=10), 5))
    await fleet.store(readings(ALICE, _METER, late, timedelta(minutes=7), 5))
    await fleet.agrees()
    # Taken from the queue, and the aggregates still to be refreshed, as while another refresh holds them.
    with monkeypatch.context() as patched:
        patched.setattr(timescale, "refresh_noted", _nothing)
        await fleet.refresh()
    await fleet.agrees()
    await fleet.refresh()
    await fleet.agrees()


async def _nothing(*_: object) -> int:
    return 0


@pytest.mark.parametrize("age", [_MINUTES, timedelta(days=2), _DAYS_40, _YEARS_3], ids=str)
async def test_a_late_reading_shows_after_one_refresh(fleet: Fleet, age: timedelta) -> None:
    await _history(fleet)
    late = ago(seconds=age.total_seconds())
    await fleet.store(readings(ALICE, METERS[ALICE][1], late, timedelta(minutes=10), 5))
    await fleet.refresh()
    await fleet.agrees()


@pytest.mark.parametrize("age", [_DAYS_40, _YEARS_3], ids=str)
async def test_what_was_late_stays_when_the_policies_run_on(fleet: Fleet, age: timedelta) -> None:
    await fleet.store(readings(ALICE, _METER, ago(seconds=age.total_seconds()), timedelta(minutes=10), 20))
    await fleet.refresh()
    await _history(fleet)
    await fleet.agrees()
    await fleet.run_policies()
    await fleet.agrees()


async def test_a_late_batch_that_ends_on_the_hour_is_complete(fleet: Fleet) -> None:
    await _history(fleet)
    start = ago(days=50)
    await fleet.store(readings(ALICE, _METER, start, timedelta(minutes=30), 49))
    await fleet.refresh()
    await fleet.agrees()
    assert (await fleet.hourly())[ALICE, _METER, start + timedelta(hours=24)][0] == 1


async def test_a_late_batch_that_ends_on_local_midnight_is_complete(fleet: Fleet) -> None:
    await _history(fleet)
    midnight = local_midnight(ago(days=60).date(), _JOHANNESBURG)
    await fleet.store(readings(ALICE, _METER, midnight - timedelta(hours=24), timedelta(minutes=30), 49))
    await fleet.refresh()
    await fleet.agrees()


async def test_a_late_batch_over_many_chunks_is_complete(fleet: Fleet) -> None:
    await _history(fleet)
    months = readings(ALICE, _METER, ago(days=400), timedelta(days=5), 79)
    years = readings(CHARLIE, METERS[CHARLIE][0], ago(days=1000), timedelta(days=31), 30)
    await fleet.store([row._replace(register_kwh=None) for row in [*months, *years]])
    await fleet.refresh()
    await fleet.agrees()


async def test_late_hours_that_begin_a_day_show_in_their_days(fleet: Fleet) -> None:
    """Pieces of a refresh that end with such an hour had left its day out, until a policy ran."""
    await _history(fleet)
    midnights = readings(ALICE, _METER, ago(days=400).replace(hour=0), timedelta(days=5), 79)
    await fleet.store([row._replace(register_kwh=None) for row in midnights])
    await fleet.refresh()
    await fleet.agrees()


async def test_late_readings_and_duplicates_go_into_compressed_chunks(fleet: Fleet, engine: str) -> None:
    first = readings(ALICE, _METER, ago(days=45), timedelta(minutes=15), 300)
    await fleet.store(first)
    await fleet.refresh()
    await fleet.run_policies()
    assert (await fleet.compress() > 0) == (engine == "timescale")
    between = readings(ALICE, _METER, first[0].time + timedelta(minutes=5), timedelta(minutes=15), 300)
    assert await fleet.store([*first, *between]) == 300
    assert await fleet.store([*first, *between]) == 0
    await fleet.refresh()
    await fleet.agrees()
    await fleet.compress()
    await fleet.agrees()


async def test_the_indexes_of_compressed_chunks_do_not_keep_the_size_of_late_readings(
    fleet: Fleet, engine: str
) -> None:
    rows = readings(ALICE, _METER, ago(days=45), timedelta(seconds=5), 40_000)
    for some in (rows[::2], rows[1::2]):
        await fleet.store(some)
        await fleet.compress()
    size = (
        "SELECT sum(pg_indexes_size(inhrelid))::bigint FROM pg_inherits "
        "WHERE inhparent = 'fleet.readings'::regclass"
    )
    before = (await fleet.rows(size))[0][0]
    await fleet.stack.storage.tidy(fleet.stack.db)
    if engine == "timescale":
        after = (await fleet.rows(size))[0][0]
        assert before > 300_000
        assert after < 100_000
    await fleet.refresh()
    await fleet.agrees()


async def test_registers_are_the_same_to_the_last_bit_after_compression(fleet: Fleet) -> None:
    rows = readings(ALICE, _METER, ago(days=45), timedelta(minutes=1), 2000, register_kwh=123_456_789.1)
    await fleet.store(rows)
    await fleet.compress()
    stored = await fleet.rows(
        "SELECT time, energy_imported_kwh, active_power_kw FROM fleet.power_measurements"
    )
    assert sorted(stored) == sorted((row.time, row.register_kwh, row.power_kw) for row in rows)


async def test_energy_follows_late_readings_into_compressed_chunks(fleet: Fleet) -> None:
    rows = readings(ALICE, _METER, ago(days=45), timedelta(minutes=15), 96)
    await fleet.store(rows[::2])
    await fleet.refresh()
    await fleet.compress()
    await fleet.store(rows[1::2])
    await fleet.refresh()
    energy = await fleet.rows("SELECT sum(allocated_milliwh)::bigint FROM fleet.hourly_energy")
    assert energy == [(9_500_000,)]  # 95 steps of 0.1 kWh


async def test_a_kill_before_the_aggregates_are_refreshed_loses_no_hour(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _history(fleet)

    async def killed(*_: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(timescale_windows, "_drain", killed)
        await fleet.store(readings(ALICE, METERS[ALICE][1], ago(days=70), timedelta(minutes=10), 5))
        try:
            await fleet.refresh()
        except asyncio.CancelledError:
            assert await fleet.rows("SELECT count(*) FROM fleet.rollup_queue") == [(0,)]
    await fleet.refresh()
    await fleet.agrees()


async def test_nothing_vanishes_while_a_policy_catches_up(fleet: Fleet) -> None:
    """A refresh in batches moves the watermark with each: what lies below must be there by then."""
    hours = 24 * 29
    await fleet.store(readings(ALICE, _METER, ago(days=29) + _MINUTES, timedelta(hours=1), hours))
    running = asyncio.create_task(fleet.run_policies())
    seen = {len(await fleet.hourly())}
    while not running.done():
        seen.add(len(await fleet.hourly()))
    await running
    assert seen == {hours}


# A refresh first raises the threshold, in a transaction of its own, then stores the hours below it.
_KILLED_BETWEEN = """
UPDATE _timescaledb_catalog.continuous_aggs_invalidation_threshold
SET watermark = (extract(epoch FROM date_trunc('hour', now()) - interval '1 hour') * 1000000)::bigint
"""


async def test_a_late_reading_does_not_hide_what_a_killed_policy_left(fleet: Fleet, engine: str) -> None:
    await fleet.store(readings(ALICE, _METER, ago(days=60), timedelta(hours=1), 24 * 20))
    await fleet.refresh()
    await fleet.store(readings(ALICE, _METER, ago(days=28), timedelta(hours=1), 24 * 28))
    await fleet.refresh()
    if engine == "timescale":
        async with fleet.connection() as connection:
            await connection.execute(_KILLED_BETWEEN)
    await fleet.store(readings(ALICE, METERS[ALICE][1], ago(days=3), timedelta(minutes=10), 5))
    await fleet.refresh()
    await fleet.agrees()


async def test_refreshes_at_the_same_time_neither_fail_nor_lose(fleet: Fleet) -> None:
    await _history(fleet)

    async def late(number: int) -> None:
        await fleet.store(readings(ALICE, _METER, ago(days=35 + number), timedelta(minutes=7), 30))
        await fleet.refresh()

    await asyncio.gather(*(late(number) for number in range(6)), fleet.run_policies())
    await fleet.agrees()
