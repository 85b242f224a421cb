"""What a reading takes of the disk: of eight quantities and of all, plain and compressed, beside the wide row.

    python -m tests.bench.row_bytes [--dsn postgresql://...] [--meters 1000] [--readings 670] [--noise 1]

A week of readings of each meter, in batches as they come: five readings of every meter at a time, so that the key grows
as it does in use. Power in watts, registers in hundredths of a kilowatt-hour, voltage in tenths; what belongs together
varies together. With `--dsn`, a server that has TimescaleDB, the same chunks are measured again once they are
compressed.
"""

import argparse
import asyncio
import math
import random
import sys
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from portal.core.readings.rules.quantities import QUANTITY_OF
from portal.core.readings.wire import FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.bench.rig import (
    ALL,
    EIGHT,
    IDS,
    MINUTES,
    START,
    WEEK,
    Bench,
    copy_narrow,
    database,
    fleet,
    packed,
    settings,
)
from tests.bench.wide_rows import copy_wide, has_timescale, make_wide, wide_rows

_SIZE = "SELECT pg_table_size(to_regclass($1)), pg_total_relation_size(to_regclass($1))"
_CHUNK_SIZE = """
SELECT sum(d.table_bytes), sum(d.total_bytes) FROM chunks_detailed_size(to_regclass($1)) d
JOIN timescaledb_information.chunks c USING (chunk_schema, chunk_name) WHERE c.range_start = $2
"""
_COMPRESS = "SELECT compress_chunk(chunk, true) FROM show_chunks(to_regclass($1)) AS chunk"


class Meter:
    """A load that wanders with the day, and what a meter of three phases shows of it."""

    def __init__(self, number: int, noise: float) -> None:
        self._chance = random.Random(number)
        self._noise = noise
        self._rated = 2 + number % 100 * 0.7
        self._registers = {
            name: float(number * 1000 % 90_000) for name in ALL if QUANTITY_OF[name].decimals == 6
        }
        self._is_feeding = number % 4 == 0

    def shown(self, at: datetime, hours: float) -> dict[str, float]:
        """Return all quantities at an instant, so many hours after the last."""
        uniform, chance = self._chance.uniform, self._chance.random

        def around(middle: float, width: float) -> float:
            return uniform(middle - width * self._noise, middle + width * self._noise)

        sun = max(0.0, math.sin(math.pi * (at.hour + at.minute / 60 - 6) / 12))
        kw = self._rated * (0.25 + 0.75 * sun) * around(1, 0.2)
        factor = around(0.92, 0.06)
        kva = kw / factor
        kvar = math.sqrt(kva**2 - kw**2)
        grown = {
            "energy_imported_kwh": kw,
            "energy_exported_kwh": self._rated * 0.4 * sun * chance() if self._is_feeding else 0.0,
            "reactive_energy_imported_kvarh": kvar,
            "apparent_energy_kvah": kva,
        }
        for name, power in grown.items():
            self._registers[name] += power * hours
        values = {
            "active_power_kw": kw, "reactive_power_kvar": kvar, "apparent_power_kva": kva, "power_factor": factor,
            "voltage_v": around(231, 2), "frequency_hz": around(50, 0.05), "current_n_a": uniform(0, 3),
            "voltage_thd_percent": uniform(1, 3), "current_thd_percent": uniform(4, 12),
            "voltage_unbalance_percent": uniform(0, 1), "current_unbalance_percent": uniform(2, 9),
            "active_demand_kw": kw * uniform(0.97, 1.03), "apparent_demand_kva": kva * uniform(0.97, 1.03),
            **self._registers,
        }  # fmt: skip
        for phase in (1, 2, 3):
            share, volts = uniform(0.3, 0.36), uniform(229, 233)
            values[f"voltage_l{phase}_v"] = volts
            values[f"current_l{phase}_a"] = kva * share * 1000 / volts
            values[f"active_power_l{phase}_kw"] = kw * share
            values[f"power_factor_l{phase}"] = min(1.0, factor * uniform(0.98, 1.02))
        # As a meter shows it: a digit less than is stored, registers in hundredths.
        return {
            name: round(value, 2 if QUANTITY_OF[name].decimals == 6 else QUANTITY_OF[name].decimals - 1)
            for name, value in values.items()
        }


def batches(
    given: argparse.Namespace, start: datetime, names: Collection[str]
) -> Iterator[list[FleetReading]]:
    """Yield a week of readings of every meter, five of each at a time."""
    readings = given.readings
    step = WEEK / readings
    step -= timedelta(seconds=step.seconds % 60, microseconds=step.microseconds)
    devices = [(IDS[number], Meter(number, given.noise)) for number in range(given.meters)]
    for first in range(0, readings, MINUTES):
        rows: list[FleetReading] = []
        for position in range(first, min(readings, first + MINUTES)):
            at = start + position * step
            for device, meter in devices:
                shown = meter.shown(at, step / timedelta(hours=1))
                rows.append(FleetReading(time=at, device_id=device, **{name: shown[name] for name in names}))
        yield rows


async def _fill(bench: Bench, connection: Any, given: argparse.Namespace, weeks: list[datetime]) -> None:
    for start, names in zip(weeks, (EIGHT, ALL), strict=True):
        for rows in batches(given, start, names):
            await copy_narrow(connection, await packed(rows, bench.customer))
            if names is EIGHT:
                await copy_wide(connection, wide_rows(bench.customer_id, rows))
    await connection.execute("VACUUM ANALYZE", timeout=600)


async def _say(connection: Any, when: str, weeks: list[datetime], count: int, *, is_timescale: bool) -> None:
    tables = (
        ("wide, eight quantities", "yardstick.wide_readings", weeks[0]),
        ("narrow, eight quantities", "fleet.readings", weeks[0]),
        ("narrow, all quantities", "fleet.readings", weeks[1]),
    )
    for name, table, start in tables:
        size = (
            await connection.fetchrow(_CHUNK_SIZE, table, start)
            if is_timescale
            else await connection.fetchrow(_SIZE, f"{table}_{start:%Y%m%d}")
        )
        sys.stdout.write(
            f"{when}, {name:26s} {size[1] / count:7.1f} bytes per reading ({size[0] / count:.1f} of the table), "
            f"{count:,} readings\n"
        )
    sys.stdout.flush()


async def _measure(stack: Stack, bench: Bench, given: argparse.Namespace) -> None:
    connection = await bench.connect()
    is_timescale = await has_timescale(connection)
    # Chunks begin on Thursdays, partitions on Mondays.
    first = START - timedelta(days=4 if is_timescale else 0)
    weeks = [first, first + WEEK]
    await make_wide(connection, weeks, is_timescale=is_timescale)
    await stack.storage.ensure_partitions(stack.db, weeks)
    if is_timescale:
        await connection.execute("SELECT remove_compression_policy('fleet.readings')")
    await _fill(bench, connection, given, weeks)
    count = given.meters * given.readings
    await _say(connection, "plain", weeks, count, is_timescale=is_timescale)
    if is_timescale:
        for table in ("fleet.readings", "yardstick.wide_readings"):
            await connection.execute(_COMPRESS, table, timeout=600)
        await connection.execute("VACUUM", timeout=600)
        # Where a chunk could not be emptied at once its index keeps its pages, until the daily tidying.
        await stack.storage.tidy(stack.db)
        await connection.execute("REINDEX TABLE yardstick.wide_readings", timeout=600)
        await _say(connection, "compressed", weeks, count, is_timescale=is_timescale)
    await connection.close()
    await close_stack(stack)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--meters", type=int, default=1000)
    arguments.add_argument("--readings", type=int, default=670)
    arguments.add_argument("--noise", type=float, default=1.0, help="1: power differs by up to 40 %% at once")
    given = arguments.parse_args()
    with database(given.dsn) as server:
        chosen = settings(server, RunMode.ADMIN)
        bench = fleet(chosen)
        asyncio.run(_measure(open_stack(load_settings(chosen), application_name="bench"), bench, given))


if __name__ == "__main__":
    main()
