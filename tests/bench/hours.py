"""What a device's day and its year of all quantities take, and what keeping hours of all quantities costs.

    python -m tests.bench.hours [--dsn postgresql://...] [--engine plain|timescale] [--devices 10] [--days 366]
        [--rounds 20] [--step questions|upkeep|upgrade]

A Client has a reading a minute of every device with all that a meter measures. Asked, in turns in one run: a day as it
was read, a year by hours as it is kept and as it would be added up from the readings, a year by days. "Upkeep" appends
batches of 5,000 readings of 1,000 devices, prepared beforehand, and says what bringing energy and hours up to date
takes beside that. "Upgrade" starts on hours as the release before kept them: how long until the stack serves, and until
all hours are filled in. With `--dsn`, a server that has TimescaleDB, both engines are measured, one after the other.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from portal.core import energy
from portal.core.database.hour_columns import figure_of_readings
from portal.core.database.plain.figures import PlainFigures
from portal.core.readings.queries import measurements as queries
from portal.core.readings.rules.quantities import ALL_QUANTITIES, REGISTERS, Quantity, quantities_named
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.service.measurements import WantedMeasurements, read_page
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.bench.ingest import database, settings

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
_DEVICES = """
WITH site AS (INSERT INTO monitoring.sites (name) VALUES ('Bench') RETURNING id)
INSERT INTO monitoring.devices (id, site_id, name, external_id, token_hash, customer, meter)
SELECT lpad(n::text, 32, '0')::uuid, site.id, 'Meter', n::text, n::text, 1, n FROM site, generate_series(1, $1::int) n
"""
# What boards send a row at a time: of one time all devices lie together.
_FILL = """
INSERT INTO monitoring.readings (time, customer, meter, {names})
SELECT t, 1, meter, {values} FROM generate_series(1, $1::int) meter,
generate_series($2::timestamptz, $3::timestamptz - interval '1 minute', '1 minute') t,
LATERAL (SELECT (extract(epoch FROM t) / 60)::bigint - 28000000 AS n) AS minute
ORDER BY t, meter
"""
_QUEUE = """
INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts)
SELECT 1, array_agg(meter), array_agg(hour), array_agg(hour) FROM generate_series(1, $1::int) meter,
generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', '1 hour') hour
"""
_AS_BEFORE = """
DROP VIEW monitoring.hourly_per_device, monitoring.hourly_figures, monitoring.settled_hours,
    monitoring.rollup_waiting;
DROP TABLE monitoring.hourly_rollup;
CREATE TABLE monitoring.hourly_rollup (
    device_id uuid NOT NULL, hour timestamptz NOT NULL, avg_active_power_kw float8, max_active_power_kw float8,
    min_active_power_kw float8, sample_count bigint NOT NULL, kwh_delta float8, power_count bigint NOT NULL,
    lowest_kwh float8, highest_kwh float8, PRIMARY KEY (device_id, hour)
);
CREATE INDEX ix_monitoring_hourly_rollup_hour ON monitoring.hourly_rollup (hour);
INSERT INTO monitoring.hourly_rollup SELECT d.id, date_bin('1 hour', r.time, 'epoch'), 1, 1, 1, count(*), 1, 1, 1, 1
FROM monitoring.readings r JOIN monitoring.devices d USING (customer, meter) GROUP BY 1, 2
"""
_BATCH = """
INSERT INTO monitoring.readings (time, customer, meter, {names})
SELECT t, 1, meter, {values} FROM generate_series(1, 1000) meter,
generate_series($1::timestamptz, $1::timestamptz + interval '4 minutes', '1 minute') t,
LATERAL (SELECT (extract(epoch FROM t) / 60)::bigint - 28000000 AS n) AS minute ORDER BY meter, t
"""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _columns(names: tuple[str, ...]) -> dict[str, str]:
    """Return names of columns, and what a meter shows of each in a minute `n`."""
    values = [
        f"n * {50 + index}" if name in REGISTERS else f"{5000 + 37 * index} + (n * {7 + index} + meter) % 997"
        for index, name in enumerate(names)
    ]
    return {"names": ", ".join(names), "values": ", ".join(values)}


_QUEUE_BATCH = """
INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts)
SELECT 1, array_agg(m), array_agg(date_trunc('hour', $1::timestamptz)), array_agg($1::timestamptz)
FROM generate_series(1, 1000) m
"""
_POLICIES = """
SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate'
"""
_BATCHES = 40
_ALL = tuple(each.name for each in ALL_QUANTITIES)


@asynccontextmanager
async def _stack(given: dict[str, str], devices: int) -> AsyncGenerator[tuple[Stack, asyncpg.Connection]]:
    stack = open_stack(load_settings(given), application_name="bench")
    dsn = given["Database__ConnectionString"].replace("+asyncpg", "")
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    await connection.execute(_DEVICES, devices)
    yield stack, connection
    await connection.close()
    await close_stack(stack)


async def _fill(stack: Stack, connection: asyncpg.Connection, devices: int, days: int) -> None:
    begin = _END - days * _DAY
    await stack.storage.ensure_partitions(stack.db, (begin + week * _WEEK for week in range(days // 7 + 2)))
    statement = _FILL.format(**_columns(_ALL))
    for day in range(0, days, 7):
        start = begin + day * _DAY
        await connection.execute(statement, devices, start, min(start + _WEEK, _END), timeout=600)
    await connection.execute(_QUEUE, devices, begin, _END)
    await connection.execute("ANALYZE monitoring.readings")
    began = time.perf_counter()
    await energy.refresh(stack)
    say(
        f"{devices * days * 1440:,} readings: all hours brought up to date in {time.perf_counter() - began:.1f} s"
    )
    if await connection.fetchval("SELECT to_regproc('show_chunks') IS NOT NULL"):
        await connection.execute(
            "SELECT compress_chunk(c, true) FROM show_chunks('monitoring.readings', older_than => interval '8 days') c",
            timeout=600,
        )
        for job in await connection.fetch(_POLICIES):  # as the server itself does every few minutes
            await connection.execute(f"CALL run_job({job[0]})", timeout=600)
    await connection.execute("VACUUM ANALYZE", timeout=600)


def _questions(stack: Stack, days: int) -> dict[str, Callable[[], Awaitable[int]]]:
    device, year = UUID(int=1), (_END - days * _DAY, _END)

    async def page(bucket: str, window: tuple[datetime, datetime]) -> int:
        wanted = WantedMeasurements(bucket, 10_000, ALL_QUANTITIES)
        return len((await read_page(stack, device, window, wanted)).samples)

    async def year_from_readings() -> int:
        figures = ", ".join(figure_of_readings(each, "r") for each in ALL_QUANTITIES)
        asked = queries.MeasurementsAsked(queries.SmallKey(1, 1), *year)
        async with stack.db.snapshot() as session:
            rows = await queries.rows_of(
                session,
                queries.MeasurementRow,
                queries._BUCKETS.format(figures=figures),
                asked.given | {"width": timedelta(hours=1)},
            )
        return len(rows)

    latest, older = (_END - 2 * _DAY, _END - _DAY), (_END - 41 * _DAY, _END - 40 * _DAY)
    return {
        "a day, all quantities": lambda: page("raw", latest),
        "a day 40 days ago, all quantities": lambda: page("raw", older),
        "a year by hours, all quantities": lambda: page("1h", year),
        "a year by days, all quantities": lambda: page("1d", year),
        "a year by hours, added up from readings": year_from_readings,
    }


async def _ask(stack: Stack, days: int, rounds: int) -> None:
    took: dict[str, list[float]] = defaultdict(list)
    rows: dict[str, int] = {}
    for number in range(rounds + 2):
        for name, ask in _questions(stack, days).items():
            began = time.perf_counter()
            rows[name] = await ask()
            if number >= 2:  # the first are to warm up
                took[name].append(time.perf_counter() - began)
    for name, times in took.items():
        say(f"{name:42s} {statistics.median(times) * 1000:8.1f} ms, {rows[name]:,} samples")


async def _questions_of(own: dict[str, str], given: argparse.Namespace) -> None:
    async with _stack(own, given.devices) as (stack, connection):
        await _fill(stack, connection, given.devices, given.days)
        await _ask(stack, given.days, given.rounds)
        if own["Database__Storage"] == "plain":
            size = await connection.fetchval("SELECT pg_total_relation_size('monitoring.hourly_rollup')")
            hours = given.devices * given.days * 24
            say(f"{size / hours:.0f} bytes an hour of a meter, indexes included")


async def _upkeep_of_eight(own: dict[str, str], given: argparse.Namespace) -> None:
    await _upkeep(own, given.rounds, quantities_named(QUANTITIES))


async def _upkeep_of_all(own: dict[str, str], given: argparse.Namespace) -> None:
    await _upkeep(own, given.rounds, ALL_QUANTITIES)


async def _upkeep(own: dict[str, str], rounds: int, quantities: Sequence[Quantity]) -> None:
    """Append batches and bring up to date in turns, as beside a stream."""
    statement = _BATCH.format(**_columns(tuple(each.name for each in quantities)))
    spent: dict[str, float] = defaultdict(float)
    async with _stack(own, 1000) as (stack, connection):
        await stack.storage.ensure_partitions(stack.db, [_END - _WEEK, _END])
        at = _END - 3 * _DAY
        for number in range(rounds + 1):
            if number == 1:  # the first is to warm up
                spent.clear()
            began = time.perf_counter()
            for _ in range(_BATCHES):
                async with connection.transaction():
                    await connection.execute(statement, at)
                    await connection.execute(_QUEUE_BATCH, at)
                at += timedelta(minutes=5)
            spent["append"] += time.perf_counter() - began
            began = time.perf_counter()
            with _timed(spent):
                await energy.refresh(stack)
            spent["refresh"] += time.perf_counter() - began
    rows = rounds * _BATCHES * 5000
    per_row = ", ".join(f"{name} {seconds / rows * 1e6:.2f}" for name, seconds in spent.items())
    say(f"{len(quantities)} quantities, us a reading: {per_row}")


@contextmanager
def _timed(spent: dict[str, float]) -> Generator[None]:
    """Note how much of a refresh goes into the hours of plain PostgreSQL."""
    original = PlainFigures.rewrite

    async def timed(*given: Any) -> None:
        began = time.perf_counter()
        await original(*given)
        spent["of which hours"] += time.perf_counter() - began

    PlainFigures.rewrite = timed  # type: ignore[method-assign]
    yield
    PlainFigures.rewrite = original  # type: ignore[method-assign]


async def _upgrade(own: dict[str, str], given: argparse.Namespace) -> None:
    """Start on hours of the release before."""
    if own["Database__Storage"] != "plain":
        return
    async with _stack(own, given.devices) as (stack, connection):
        await _fill(stack, connection, given.devices, given.days)
        await connection.execute(_AS_BEFORE, timeout=600)
        began = time.perf_counter()
        await stack.storage.bootstrap(stack.db)
        say(f"a start takes {time.perf_counter() - began:.2f} s")
        await _ask(stack, given.days, 3)
        began = time.perf_counter()
        await energy.refresh(stack)
        say(f"all hours are filled in {time.perf_counter() - began:.1f} s later")


_STEPS = {
    "questions": (_questions_of,),
    "upkeep": (_upkeep_of_eight, _upkeep_of_all),
    "upgrade": (_upgrade,),
}


def main() -> None:
    """Measure each engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--engine", choices=("plain", "timescale"))
    arguments.add_argument("--devices", type=int, default=10)
    arguments.add_argument("--days", type=int, default=366)
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--step", choices=_STEPS)
    given = arguments.parse_args()
    engines = [given.engine] if given.engine else ["plain", *(["timescale"] if given.dsn else [])]
    with database(given.dsn) as server:
        for engine in engines:
            for name in [given.step] if given.step else _STEPS:
                for step in _STEPS[name]:
                    say(f"{engine}: {name}")
                    asyncio.run(step(settings(server, RunMode.CLIENT, engine), given))


if __name__ == "__main__":
    main()
