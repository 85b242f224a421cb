"""The fleet at a glance, as the database tells it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from portal.core.exchange.sync import PushReport
from portal.core.fleet.queries.fleet_energy import energy_of_sites
from portal.core.fleet.rules.data_debt import BOARD_KEEPS
from portal.core.fleet.rules.energy_windows import EnergyWindow
from portal.core.fleet.service import customers, fleet_dashboard, fleet_push, fleet_samples
from portal.core.stack import Stack
from tests.integration.databases import Clock
from tests.integration.fleet.test_customer_list import add_up_days, execute, seen, with_meter

HOUR = timedelta(hours=1)


async def with_hours(stack: Stack, customer_id: UUID, device: UUID, first: str, hours: int) -> None:
    """Give a meter so many hours of a kilowatt-hour each, and the days they make."""
    given = {"c": customer_id, "d": device, "first": datetime.fromisoformat(first), "hours": hours}
    await execute(
        stack,
        "INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh) "
        "SELECT :c, :d, CAST(:first AS timestamptz) + n * interval '1 hour', 1000000 + n "
        "FROM generate_series(0, :hours - 1) n",
        **given,
    )
    await add_up_days(stack)


async def test_windows_of_zones_are_the_sums_of_their_hours(admin_stack: Stack) -> None:
    zones = {"a": "Africa/Johannesburg", "b": "America/New_York", "c": "Nowhere/Gone"}
    first = datetime(2026, 5, 10, tzinfo=UTC)
    for code, zone in zones.items():
        made = await customers.register(admin_stack, code, code)
        device = await with_meter(admin_stack, made.id, "Yard", "m", zone)
        await with_hours(admin_stack, made.id, device, first.isoformat(), 24 * 9)
    windows = [
        EnergyWindow(None, first + 5 * HOUR, first + 150 * HOUR),
        EnergyWindow("Africa/Johannesburg", first + 22 * HOUR, first + 94 * HOUR),
        EnergyWindow("America/New_York", first + 28 * HOUR, first + 40 * HOUR),
    ]
    async with admin_stack.db.snapshot() as session:
        found = await energy_of_sites(session, windows)
        codes = dict((await session.execute(text("SELECT id, code FROM fleet.customers"))).all())
    spans = {"a": range(22, 94), "b": range(28, 40), "c": range(5, 150)}
    assert {codes[each.customer_id]: each.milliwh for each in found} == {
        code: sum(1_000_000 + hour for hour in span) for code, span in spans.items()
    }


async def test_the_fleet_now(admin_stack: Stack, clock: Clock) -> None:
    clock.now = datetime(2026, 5, 18, 10, 30, tzinfo=UTC)
    made = {code: await customers.register(admin_stack, code, code) for code in ("live", "late", "new")}
    device = await with_meter(admin_stack, made["live"].id, "Coffee Bay", "m", "Africa/Johannesburg")
    await with_hours(admin_stack, made["live"].id, device, "2026-05-10T00:00:00+00:00", 24 * 8 + 11)
    await seen(admin_stack, made["live"].id, clock.now - timedelta(minutes=2))
    await seen(admin_stack, made["late"].id, clock.now - timedelta(hours=5))
    await admin_stack.storage.ensure_partitions(admin_stack.db, [clock.now])
    await execute(admin_stack, "INSERT INTO fleet.readings (time, customer, meter, active_power_kw) "
                  "SELECT CAST(:at AS timestamptz), number, 1, 50000 FROM fleet.customers WHERE code = 'live'",
                  at=clock.now - timedelta(hours=3))  # fmt: skip
    fleet = await fleet_dashboard.fleet_now(admin_stack)
    assert (fleet.counts.everybody, fleet.counts.active, fleet.counts.late, fleet.counts.never) == (
        3,
        1,
        1,
        1,
    )
    assert fleet.power.kw is None
    assert fleet.today_kwh == Decimal(13) + Decimal(sum(range(190, 203))) / 1_000_000
    live, late = fleet.debt
    assert (live.code, live.silent_boards, live.silent_site) == ("live", 1, "Coffee Bay")
    assert live.silent_since == clock.now - timedelta(hours=3)
    assert (late.code, late.state, late.oldest_at) == ("late", "late", clock.now - timedelta(hours=5))
    assert (fleet.debt_count, fleet.silent_customers) == (2, 1)
    assert (
        await fleet_dashboard.week_before_kwh(admin_stack)
        == Decimal(13) + Decimal(sum(range(22, 35))) / 1_000_000
    )


async def test_a_recent_reading_is_power_and_no_silence(admin_stack: Stack, clock: Clock) -> None:
    made = await customers.register(admin_stack, "live", "live")
    await with_meter(admin_stack, made.id, "Yard", "m", "Africa/Johannesburg")
    await seen(admin_stack, made.id, clock.now)
    await admin_stack.storage.ensure_partitions(admin_stack.db, [clock.now])
    await execute(admin_stack, "INSERT INTO fleet.readings (time, customer, meter, active_power_kw) "
                  "SELECT CAST(:at AS timestamptz), number, 1, 50000 FROM fleet.customers", at=clock.now)  # fmt: skip
    fleet = await fleet_dashboard.fleet_now(admin_stack)
    assert (fleet.power.kw, fleet.power.customers, fleet.power.meters) == (5.0, 1, 1)
    assert (fleet.debt, fleet.debt_count) == ((), 0)


async def test_samples_count_what_came_once_and_are_kept_eight_days(admin_stack: Stack, clock: Clock) -> None:
    made = await customers.register(admin_stack, "live", "Live Foods")
    clock.now = datetime(2026, 5, 18, 10, 2, tzinfo=UTC)
    await execute(admin_stack, "UPDATE fleet.customers SET last_seen_at = :at, newest_reading_at = :newest",
                  at=clock.now, newest=clock.now - timedelta(minutes=12))  # fmt: skip
    for minutes in (1, 3, 6, 11, 70):
        await execute(admin_stack, "INSERT INTO fleet.ingest_events (customer_id, received_at, batch_type, "
                      "rows_accepted) VALUES (:c, :at, 'measurements', 10)",
                      c=made.id, at=datetime(2026, 5, 18, 10, 0, tzinfo=UTC) - timedelta(minutes=minutes))  # fmt: skip
    await fleet_samples.take_sample(admin_stack)
    await fleet_samples.take_sample(admin_stack)
    fleet = await fleet_dashboard.fleet_now(admin_stack)
    [moment] = fleet.moments
    assert (moment.at, moment.active, moment.median_seconds) == (
        datetime(2026, 5, 18, 10, 0, tzinfo=UTC),
        1,
        600,
    )
    assert (moment.worst_seconds, moment.worst_name) == (600, "Live Foods")
    assert fleet.received == (4, 0, 40, 0)
    clock.advance(minutes=10)
    await fleet_samples.take_sample(admin_stack)
    assert (await fleet_dashboard.fleet_now(admin_stack)).received == (4, 0, 40, 0)
    clock.advance(days=9)
    await fleet_samples.take_sample(admin_stack)
    async with admin_stack.db.snapshot() as session:
        assert await session.scalar(text("SELECT count(*) FROM fleet.samples")) == 1


async def test_boards_are_full_when_they_said_and_events_stand_behind(
    admin_stack: Stack, clock: Clock
) -> None:
    clock.now = datetime(2026, 5, 18, 10, 30, tzinfo=UTC)
    await admin_stack.storage.ensure_partitions(admin_stack.db, [clock.now])
    for code, hours, minutes in (("days", 3, 24 * 60), ("most", 200, None), ("gone", 5, 60)):
        made = await customers.register(admin_stack, code, code)
        device = await with_meter(admin_stack, made.id, "Yard", "m", "Africa/Johannesburg")
        await seen(admin_stack, made.id, clock.now - timedelta(minutes=2))
        at = clock.now - timedelta(hours=hours)
        await admin_stack.storage.ensure_partitions(admin_stack.db, [at])
        await execute(admin_stack, "INSERT INTO fleet.readings (time, customer, meter, active_power_kw) "
                      "SELECT CAST(:at AS timestamptz), number, 1, 1 FROM fleet.customers WHERE code = :code",
                      at=at, code=code)  # fmt: skip
        report, silent = PushReport(0, 0, 0, None, 0), {} if minutes is None else {device: minutes}
        await fleet_push.note_report(admin_stack, made.id, report, silent)
    quiet = await customers.register(admin_stack, "quiet", "quiet")
    await seen(admin_stack, quiet.id, clock.now)
    fleet = await fleet_dashboard.fleet_now(admin_stack, ((quiet.id, 2),))
    days, most, gone, events = fleet.debt
    assert (days.code, days.full_is_known, days.full_at) == ("days", True, clock.now + timedelta(hours=21))
    assert (most.code, most.full_is_known) == ("most", False)
    assert most.full_at == clock.now - timedelta(hours=200) + BOARD_KEEPS
    assert (gone.code, gone.full_at) == ("gone", clock.now - timedelta(hours=4))
    assert (events.code, events.open_events, events.is_only_events) == ("quiet", 2, True)
    assert fleet.debt_count == 4
