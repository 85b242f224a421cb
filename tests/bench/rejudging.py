"""What judging stored readings again takes: a year of minutes of one device, and a late reading in the middle of three.

    python -m tests.bench.rejudging [--dsn postgresql://...] [--engine plain|timescale] [--faults 0,1,10] [--years 3]

An Admin with one meter of one-minute readings, of which so many a day are faulty: a zero, a count less, half of the
register, a spike, in turns. The year is judged again by a pass, as `portal doctor --energy --recompute` asks for it.
The late reading comes as a batch brings it; its time ends when the month around it has been priced with it. Each is
the least of three rounds, in seconds. With `--dsn` the database is made on that server, and dropped again.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.cost.service import cost
from portal.core.database.db import driver_connection
from portal.core.readings.queries.ingest import FleetKeys, merge_fleet_readings, number_sources
from portal.core.readings.wire import FleetReading
from portal.core.stack import Stack
from tests.bench.narrow_fill import narrow_insert
from tests.bench.recompute import a_server
from tests.bench.storage import say
from tests.bench.storage_fill import compress, connected, customer_id, register_customer, stack_over

_MINUTE, _WEEK, _YEAR = timedelta(minutes=1), timedelta(days=7), timedelta(days=365)
_ROUNDS = 3
_READINGS = """
SELECT at AS time, customer, meter, 3 AS active_power_kw,
       CASE WHEN $4 = 0 OR n % (1440 / greatest($4, 1)) <> 700 / greatest($4, 1) THEN shown
            ELSE (ARRAY[0, shown - 0.1, round(shown / 2, 1), shown + 5])[1 + n / (1440 / $4) % 4]
       END AS energy_imported_kwh
FROM (
    SELECT d.customer, d.meter, at, n, 5000 + floor(n * 0.35) / 10 AS shown
    FROM fleet.devices d
    CROSS JOIN generate_series($2::timestamptz, $2::timestamptz + interval '7 days 59 seconds', '1 minute') AS at
    CROSS JOIN LATERAL (SELECT (extract(epoch FROM at - $3::timestamptz) / 60)::integer AS n) since
    WHERE d.customer_id = $1 AND at < $2::timestamptz + interval '7 days'
) minutes
"""
_STORED = narrow_insert("fleet", ("active_power_kw", "energy_imported_kwh"), _READINGS)


async def _fill(stack: Stack, years: int, faults: int) -> tuple[datetime, int]:
    """Store the readings; returns when they begin, and how many there are."""
    weeks = years * _YEAR // _WEEK + 1
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _WEEK
    start = end - weeks * _WEEK
    async with connected(stack) as connection:
        await register_customer(connection, 0, 1)
        await stack.storage.ensure_partitions(
            stack.db, [start + n * _WEEK + day for n in range(weeks) for day in (_MINUTE, _WEEK - _MINUTE)]
        )
        for n in range(weeks):
            await connection.execute(_STORED, customer_id(0), start + n * _WEEK, start, faults, timeout=900)
        await compress(connection)
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        return start, await connection.fetchval("SELECT count(*) FROM fleet.readings", timeout=3600)


async def _least(work: Callable[[int], Awaitable[Any]]) -> float:
    taken: list[float] = []
    for number in range(_ROUNDS):
        began = time.perf_counter()
        await work(number)
        taken.append(time.perf_counter() - began)
    return min(taken)


async def _come_late(stack: Stack, device: UUID, at: datetime) -> None:
    """Store a reading between two minutes, bring energy up to date, and price the month around it."""
    customer = customer_id(0)
    minute = await _shown_at(stack, at)
    row = FleetReading(time=at + timedelta(seconds=30), device_id=device, energy_imported_kwh=minute)
    await number_sources(stack.db, stack.layout, [row])
    async with stack.db.transaction() as session:
        keys = FleetKeys(customer, 1, stack.small_keys)
        await merge_fleet_readings(await driver_connection(session), keys, [row])
    await energy.refresh_queue(stack)
    report = await cost.fleet_cost(stack, customer, at - timedelta(days=15), at + timedelta(days=15))
    if not report.total_kwh or not report.as_of.is_complete:
        message = "the answer does not hold what came"
        raise RuntimeError(message)


async def _shown_at(stack: Stack, at: datetime) -> float:
    async with connected(stack) as connection:
        shown = await connection.fetchval(
            "SELECT energy_imported_kwh FROM fleet.readings WHERE time <= $1 ORDER BY time DESC LIMIT 1", at
        )
    return shown / 1_000_000


async def _measure(server: str, engine: str, years: int, faults: int) -> None:
    name = f"bench_rejudging_{engine}_{years}_{faults}"
    async with stack_over(server, name, engine) as stack:
        start, readings = await _fill(stack, years, faults)
        async with connected(stack) as connection:
            device = await connection.fetchval("SELECT id FROM fleet.devices")
        began = time.perf_counter()
        await energy.recompute(stack)
        await energy.refresh(stack)
        whole = time.perf_counter() - began

        async def again(_: int) -> None:
            await energy.recompute(stack, [(customer_id(0), device)])
            await energy.refresh(stack)

        middle = start + years * _YEAR / 2
        passed = await _least(again)
        late = await _least(lambda n: _come_late(stack, device, middle + n * timedelta(days=9)))
        proof = await energy.energy_proof.check(stack)
        say(
            f"{engine:9} {faults:3} faults a day  {readings / 1e6:5.2f} M readings  first {whole:6.2f} s  "
            f"again {passed:6.2f} s, {passed / years:5.2f} a year  late {late:6.3f} s  "
            f"proof: {len(proof.differences)} differ"
        )
    url = make_url(server).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def main() -> None:
    """Measure each share of faults in a database of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dsn")
    parser.add_argument("--engine", choices=["plain", "timescale"], default="plain")
    parser.add_argument("--faults", default="0,1,10")
    parser.add_argument("--years", type=int, default=3)
    given = parser.parse_args()
    with a_server(given.dsn) as server:
        for faults in given.faults.split(","):
            asyncio.run(_measure(server, given.engine, given.years, int(faults)))


if __name__ == "__main__":
    main()
