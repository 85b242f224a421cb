"""What pricing a year costs beside the same grouping without a price, and beside a loop over every hour.

    python -m tests.bench.cost [--devices 100 1000] [--days 366] [--dsn postgresql://...]

One run measures everything on the same table, in turns, on an embedded PostgreSQL or another one: the grouping by
day and device alone, the cost report, fetching every hour and pricing it in Python, and the Cost tab's default view.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.rates import segments
from portal.core.cost.service import cost
from portal.core.database.db import Database
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.migrations import migrate
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.tariffs.queries import tariffs
from portal.core.values.money import exact_decimals, kwh_from_milliwh
from portal.core.values.time import HOUR
from tests.integration.databases import reachable_directory

T = TypeVar("T")
CUSTOMER = UUID(int=0xC)
START = datetime(2026, 1, 1, tzinfo=UTC)
MUNICIPALITIES = 5
ROUNDS = 3
_REGISTER = """
INSERT INTO fleet.customers (id, code, name, token_hash, number) VALUES ('{customer}', 'BENCH', 'Bench', 'x', 1);
INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id)
    SELECT '{customer}', n, 'Town ' || n, 'Africa/Johannesburg' FROM generate_series(1, {municipalities}) n;
INSERT INTO fleet.sites (customer_id, id, name, local_municipality_id)
    SELECT '{customer}', ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, 'Site ' || n, n
    FROM generate_series(1, {municipalities}) n;
INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter)
    SELECT '{customer}', ('00000000-0000-0000-0002-' || lpad(n::text, 12, '0'))::uuid,
        ('00000000-0000-0000-0001-' || lpad((1 + n % {municipalities})::text, 12, '0'))::uuid, 'Meter ' || n, 'm' || n,
        1, n
    FROM generate_series(1, {devices}) n;
INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, default_rate_per_kwh, vat_rate)
    SELECT '{customer}', n, n, 'TOU', '2025-01-01', 1.8004 + n * 0.01, 0.15 FROM generate_series(1, {municipalities}) n;
INSERT INTO fleet.tariff_seasons (customer_id, tariff_id, position, name, first_day, last_day, default_rate_per_kwh)
    SELECT '{customer}', n, 0, 'High', '06-01', '08-31', 2.3001 FROM generate_series(1, {municipalities}) n;
INSERT INTO fleet.tariff_periods
    (customer_id, id, tariff_id, season, name, days_of_week, start_time, end_time, rate_per_kwh)
    SELECT '{customer}', n * 10 + p.municipality, n, p.season, p.name, p.days, p.first::time, p.last::time, p.rate
    FROM generate_series(1, {municipalities}) n, (VALUES
        (1, NULL::smallint, 'Peak', 31, '07:00', '09:00', 3.4366), (2, NULL, 'Peak', 31, '18:00', '21:00', 3.4366),
        (3, NULL, 'Standard', 31, '09:00', '18:00', 2.2287), (4, NULL, 'Standard', 96, '18:00', '20:00', 2.2287),
        (5, 0, 'Peak', 31, '06:00', '08:00', 7.2904), (6, 0, 'Peak', 31, '17:00', '20:00', 7.2904),
        (7, 0, 'Standard', 31, '08:00', '17:00', 2.3496)) AS p (municipality, season, name, days, first, last, rate);
ALTER TABLE fleet.hourly_energy DROP CONSTRAINT hourly_energy_pkey;
DROP INDEX fleet.ix_fleet_hourly_energy_customer_hour;
INSERT INTO fleet.hourly_energy (customer_id, device_id, hour, allocated_milliwh, last_at, last_milliwh, is_unbroken,
        is_covered)
    SELECT '{customer}', d.id, at.hour, 1000000 + abs((at.h * 7919)::bigint + hashtext(d.id::text)) % 999983,
        at.hour + interval '59 minutes', at.h::bigint * 1500000, true, true
    FROM (SELECT h, '{start}'::timestamptz + h * interval '1 hour' AS hour FROM generate_series(0, {hours} - 1) h) at,
        fleet.devices d;
INSERT INTO fleet.daily_energy (customer_id, device_id, day, allocated_milliwh, unallocated_milliwh,
        estimated_milliwh, suspect_count)
    SELECT customer_id, device_id, (hour AT TIME ZONE 'UTC')::date AS day, sum(allocated_milliwh), 0, 0, 0
    FROM fleet.hourly_energy GROUP BY customer_id, device_id, day;
ALTER TABLE fleet.hourly_energy ADD PRIMARY KEY (customer_id, device_id, hour);
CREATE INDEX ix_fleet_hourly_energy_customer_hour ON fleet.hourly_energy (customer_id, hour);
"""
_PLAIN = """
SELECT device_id, (hour AT TIME ZONE 'UTC')::date AS day, sum(allocated_milliwh)::bigint FROM fleet.hourly_energy
WHERE customer_id = :customer AND hour >= :first AND hour < :last GROUP BY device_id, day
"""
_HOURS = """
SELECT d.id, s.local_municipality_id, h.hour, h.allocated_milliwh FROM fleet.hourly_energy h
JOIN fleet.devices d ON d.customer_id = h.customer_id AND d.id = h.device_id
JOIN fleet.sites s ON s.customer_id = d.customer_id AND s.id = d.site_id
WHERE h.customer_id = :customer AND h.hour >= :first AND h.hour < :last
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def fill(db: Database, devices: int, hours: int) -> None:
    """Store a year of hours of every device, in the order in which rollups would have stored them."""
    statement = _REGISTER.format(
        customer=CUSTOMER,
        municipalities=MUNICIPALITIES,
        devices=devices,
        hours=hours,
        start=START.isoformat(),
    )
    connection = await db.dedicated()
    for part in filter(None, statement.split(";\n")):
        await connection.execute(part, timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)
    await connection.close()


async def plain_grouping(db: Database, last: datetime) -> int:
    """Group by day and device in the server, without a price and without sending the groups."""
    given = {"customer": CUSTOMER, "first": START, "last": last}
    async with db.snapshot() as session:
        await session.execute(text("SET LOCAL jit = off"))
        await session.execute(text("SET LOCAL work_mem = '64MB'"))
        return int(await session.scalar(text(f"SELECT count(*) FROM ({_PLAIN}) groups"), given))


async def loop(db: Database, last: datetime) -> Decimal:
    """Fetch every hour and price each by itself."""
    async with db.snapshot() as session:
        municipalities = await tariffs.load(session, CUSTOMER)
        rates = {
            (municipality.municipality_id, slot.start_at + n * HOUR): slot.price
            for municipality in municipalities
            for slot in segments(
                municipality.tariffs, ZoneInfo(municipality.time_zone_id), START, last, ZoneInfo("UTC")
            )
            for n in range((slot.end_at - slot.start_at) // HOUR)
        }
        total = Decimal(0)
        rows = await session.stream(text(_HOURS), {"customer": CUSTOMER, "first": START, "last": last})
        with exact_decimals():
            async for _, municipality, hour, milliwh in rows:
                price = rates[municipality, hour]
                assert price is not None
                base = kwh_from_milliwh(milliwh) * price.rate_per_kwh
                total += base + base * price.vat_rate
    return total


async def timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    """Return how long something took, and what it returned."""
    began = time.perf_counter()
    result = await work()
    return time.perf_counter() - began, result


async def measure(stack: Stack, devices: int, days: int) -> tuple[float, CostReport]:
    """Measure one size, in turns; returns the time of a report, and the report."""
    last = START + timedelta(days=days)
    plain: list[float] = []
    priced: list[float] = []
    report = None
    for _ in range(ROUNDS):
        plain.append((await timed(lambda: plain_grouping(stack.db, last)))[0])
        took, report = await timed(lambda: cost.fleet_cost(stack, CUSTOMER, START, last))
        priced.append(took)
    assert report is not None
    ratios = sorted(other / one for one, other in zip(plain, priced, strict=True))
    one, other = statistics.median(plain), statistics.median(priced)
    say(f"{devices} devices x {days} days: grouping alone {one:.2f} s, priced {other:.2f} s")
    say(f"  beside each other, round by round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    say(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    week = last - timedelta(days=7)
    views = [(await timed(lambda: cost.fleet_cost(stack, CUSTOMER, week, last)))[0] for _ in range(9)]
    say(f"  7 days of {devices} devices: {statistics.median(views) * 1000:.0f} ms")
    return other, report


async def compare(stack: Stack, devices: int, days: int, took: float, report: CostReport) -> None:
    """Price every hour by itself, and compare."""
    seconds, total = await timed(lambda: loop(stack.db, START + timedelta(days=days)))
    say(
        f"{devices} devices, a loop over {devices * days * 24:,} hours: {seconds:.1f} s, {seconds / took:.1f} times"
    )
    say(f"  the same to the last decimal: {total == report.total} ({report.total})")


async def run(server_dsn: str, sizes: Sequence[int], days: int) -> None:
    """Fill a database of each size, measure all, then compare all with the loop."""
    url = make_url(server_dsn).set(drivername="postgresql+asyncpg")
    done: list[tuple[Stack, int, float, CostReport]] = []
    for devices in sizes:
        name = f"portal_bench_cost_{devices}"
        await command(server_dsn, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        dsn = url.set(database=name).render_as_string(hide_password=False)
        given = {"Application__RunMode": "Admin", "Database__ConnectionString": dsn}
        stack = open_stack(load_settings(given), dsn)
        await migrate(stack.db, RunMode.ADMIN)
        await energy.bootstrap(stack)
        await fill(stack.db, devices, days * 24)
        done.append((stack, devices, *await measure(stack, devices, days)))
    for stack, devices, took, report in done:
        await compare(stack, devices, days, took, report)
        await close_stack(stack)
        await command(server_dsn, f"DROP DATABASE portal_bench_cost_{devices} WITH (FORCE)")


async def command(server_dsn: str, *statements: str) -> None:
    """Execute statements on the server itself."""
    connection = await asyncpg.connect(
        make_url(server_dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--devices", type=int, nargs="+", default=[100, 1000])
    arguments.add_argument("--days", type=int, default=366)
    arguments.add_argument(
        "--dsn", help="another server than an embedded one; it gets databases that go again"
    )
    given = arguments.parse_args()
    if given.dsn:
        asyncio.run(run(given.dsn, given.devices, given.days))
        return
    with reachable_directory() as directory, EmbeddedServer(directory / "postgres") as server:
        asyncio.run(run(server.dsn(), given.devices, given.days))


if __name__ == "__main__":
    main()
