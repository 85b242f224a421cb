"""What hours cost in which a rate begins or ends: a zone of half an hour, whose every edge cuts an hour.

    python -m tests.bench.split_intervals [--dsn postgresql://... --engine plain|timescale --size small|large]

Over the databases of `tests.bench.storage`, which stay where they are; without `--dsn` over a small one of its own.
The same windows are priced under whole hours (Africa/Johannesburg) and cut ones (Asia/Kolkata), in turns.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from datetime import timedelta

from portal.core.cost.service import cost
from portal.core.database.embedded.server import EmbeddedServer
from tests.bench.storage_fill import END, connected, customer_id, fill, stack_over
from tests.integration.databases import reachable_directory

_ZONES = ("Africa/Johannesburg", "Asia/Kolkata")
_DAYS = (7, 28, 98)
_ROUNDS = 5
_TARIFF = """
INSERT INTO fleet.municipalities (customer_id, id, name, time_zone_id) VALUES ($1, 1, 'Town', 'UTC')
    ON CONFLICT DO NOTHING;
INSERT INTO fleet.tariffs (customer_id, id, municipality_id, name, effective_from, default_rate_per_kwh, vat_rate)
    VALUES ($1, 1, 1, 'TOU', '2020-01-01', 1.8004, 0.15) ON CONFLICT DO NOTHING;
INSERT INTO fleet.tariff_periods (customer_id, id, tariff_id, name, days_of_week, start_time, end_time, rate_per_kwh)
    SELECT $1, n, 1, name, days, first::time, last::time, rate FROM (VALUES
        (1, 'Peak', 31, '07:00', '09:00', 3.4366), (2, 'Peak', 31, '18:00', '21:00', 3.4366),
        (3, 'Standard', 31, '09:00', '18:00', 2.2287), (4, 'Standard', 96, '18:00', '20:00', 2.2287)
    ) AS p (n, name, days, first, last, rate) ON CONFLICT DO NOTHING;
UPDATE fleet.sites SET local_municipality_id = 1 WHERE customer_id = $1;
"""


async def measure(dsn: str, engine: str, size: str, readings: int) -> None:
    """Print how long a report of each window takes under each zone."""
    async with stack_over(dsn, f"bench_{engine}_{size}", engine) as stack, connected(stack) as connection:
        if not await fill(stack, readings, time.monotonic() + 3600):
            raise SystemExit(
                f"The {size} database of {engine} is not full: python -m tests.bench.storage --step fill"
            )
        for statement in filter(str.strip, _TARIFF.split(";\n")):
            await connection.execute(statement, customer_id(0))
        took: dict[tuple[int, str], list[float]] = defaultdict(list)
        for _ in range(_ROUNDS):
            for days in _DAYS:
                for zone in _ZONES:
                    await connection.execute("UPDATE fleet.municipalities SET time_zone_id = $1", zone)
                    began = time.perf_counter()
                    await cost.fleet_cost(stack, customer_id(0), END - timedelta(days=days), END)
                    took[days, zone].append(time.perf_counter() - began)
        for (days, zone), seconds in took.items():
            sys.stdout.write(
                f"{engine} {size}: {days} days, {zone:20s} {statistics.median(seconds):7.3f} s\n"
            )


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--engine", choices=("plain", "timescale"), default="plain")
    arguments.add_argument("--size", choices=("small", "large"), default="small")
    given = arguments.parse_args()
    readings = {"small": 1_000_000, "large": 30_000_000}[given.size]
    if given.dsn:
        asyncio.run(measure(given.dsn, given.engine, given.size, readings))
        return
    with reachable_directory() as directory, EmbeddedServer(directory / "postgres") as server:
        asyncio.run(measure(server.dsn(), "plain", "small", 1_000_000))


if __name__ == "__main__":
    main()
