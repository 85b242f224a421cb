"""Hours of the release before are filled in beside everything else; who asks meanwhile is told what readings say."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.core import energy
from portal.core.database.plain import earlier_hours
from portal.core.energy import service
from tests.contract.storage.fleet import ALICE, CHARLIE, METERS, Fleet, Row, ago, readings
from tests.integration.databases import Stacks

# The table as that release made it, filled from the readings as that release did.
_AS_BEFORE = """
DROP VIEW fleet.daily_per_customer, fleet.hourly_per_device, fleet.hourly_figures, fleet.settled_hours,
    fleet.rollup_waiting;
DROP TABLE fleet.hourly_rollup;
CREATE TABLE fleet.hourly_rollup (
    customer_id uuid NOT NULL, device_id uuid NOT NULL, hour timestamptz NOT NULL,
    avg_active_power_kw double precision,
    max_active_power_kw double precision,
    min_active_power_kw double precision,
    sample_count bigint NOT NULL,
    kwh_delta double precision,
    power_count bigint NOT NULL, lowest_kwh double precision, highest_kwh double precision,
    PRIMARY KEY (customer_id, device_id, hour)
);
CREATE INDEX ix_fleet_hourly_rollup_hour ON fleet.hourly_rollup (customer_id, hour);
INSERT INTO fleet.hourly_rollup
SELECT customer_id, device_id, date_trunc('hour', time, 'UTC'), avg(active_power_kw), max(active_power_kw),
    min(active_power_kw), count(*), max(energy_imported_kwh) - min(energy_imported_kwh), count(active_power_kw),
    min(energy_imported_kwh), max(energy_imported_kwh)
FROM fleet.power_measurements GROUP BY 1, 2, 3
"""
_LEFT = "SELECT count(*) FROM fleet.hours_to_fill"
_ASIDE = "SELECT to_regclass('fleet.earlier_hours')::text, to_regclass('fleet.hours_to_fill')::text"


@pytest.fixture
async def upgraded(stacks: Stacks) -> Fleet:
    """A database of the release before with readings of months, started by this one: nothing is filled in yet."""
    fleet = await Fleet.open(await stacks.admin(Database__Storage="plain"))
    for number, (customer, device) in enumerate((each, one) for each in METERS for one in METERS[each]):
        start = ago(days=60 + 20 * number)
        await fleet.store(readings(customer, device, start, timedelta(minutes=50), 1200))
    await fleet.store(readings(ALICE, METERS[ALICE][0], ago(hours=2), timedelta(minutes=9), 10))
    await energy.refresh(fleet.stack)
    async with fleet.connection() as connection:
        await connection.execute(_AS_BEFORE)
    await fleet.stack.storage.bootstrap(fleet.stack.db)
    return fleet


async def _a_bit(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring what is queued up to date, and fill in one week of one meter."""
    with monkeypatch.context() as patch:
        patch.setattr(service, "_MOMENT_SECONDS", 0)
        await service.refresh_queue(fleet.stack)
        await service._go_on(fleet.stack)


async def test_a_start_computes_nothing_and_everything_is_told(upgraded: Fleet) -> None:
    assert await upgraded.rows("SELECT count(*) FROM fleet.hourly_rollup") == [(0,)]
    assert await upgraded.rows("SELECT count(*) FROM fleet.rollup_queue") == [(0,)]
    await upgraded.agrees()
    assert await service.queue_head(upgraded.stack) is not None


async def test_what_is_told_stays_right_while_hours_are_filled_in(
    upgraded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readings in order, late ones, and ones before all others come meanwhile."""
    meter, other = METERS[ALICE]
    (third,) = METERS[CHARLIE]
    came: list[Callable[[], list[Row]]] = [
        lambda: [Row(ALICE, meter, ago() + timedelta(minutes=1, seconds=7), 3.0, 2000.0)],
        lambda: [Row(ALICE, other, ago(days=30) + timedelta(minutes=1, seconds=7), 9.0, None)],
        lambda: [Row(CHARLIE, third, ago(days=200), 4.0, 3.0)],
        lambda: [Row(CHARLIE, third, ago(hours=1) + timedelta(seconds=3), 4.0, None)],
        lambda: [Row(ALICE, meter, ago(days=59) + timedelta(minutes=1, seconds=7), 9.0, None)],
    ]
    for rows in came:
        await upgraded.store(rows())
        await upgraded.agrees()
        await _a_bit(upgraded, monkeypatch)
        await upgraded.agrees()
    assert await upgraded.rows(_LEFT) != [(0,)]
    await energy.refresh(upgraded.stack)
    assert await upgraded.rows(_ASIDE) == [(None, None)]
    await upgraded.agrees()


async def test_killed_anywhere_it_goes_on(upgraded: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        await _a_bit(upgraded, monkeypatch)
        with monkeypatch.context() as patch:
            patch.setattr("portal.core.database.plain.figures.fill_week", killed)
            with pytest.raises(KeyboardInterrupt):
                await energy.refresh(upgraded.stack)
        await upgraded.stack.storage.bootstrap(upgraded.stack.db)
        await upgraded.agrees()
    await energy.refresh(upgraded.stack)
    assert await upgraded.rows(_ASIDE) == [(None, None)]
    await upgraded.agrees()
    assert await service.queue_head(upgraded.stack) is None


async def test_who_reads_for_long_does_not_hold_up_the_rest(
    upgraded: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was set aside is dropped when nobody reads it, and nobody waits for that."""
    monkeypatch.setattr(earlier_hours, "_NOT_FOR_LONG", "SET LOCAL lock_timeout = '50ms'")
    async with upgraded.connection() as connection:
        async with connection.transaction():
            await connection.fetch("SELECT * FROM fleet.hourly_per_device LIMIT 1")
            await energy.refresh(upgraded.stack)
            assert await upgraded.rows(_ASIDE) == [("fleet.earlier_hours", "fleet.hours_to_fill")]
            await upgraded.agrees()
        await energy.refresh(upgraded.stack)
    assert await upgraded.rows(_ASIDE) == [(None, None)]
