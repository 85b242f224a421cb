"""What the page Dashboards takes to read and draw: ten years of a device, a day, and what a zoom asks for.

    python -m tests.bench.charts [--dsn postgresql://...] [--engine plain|timescale] [--devices 4] [--rounds 15]

Every device has a reading each quarter of an hour for ten years, of all that a meter measures, and each minute in the
last fortnight. Read and made are all that the page is sent: lines of eight quantities, the bars of energy, the year of
hours. What Reflex, the line and the browser take is not in it.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from portal.client.dashboards.address import Chosen
from portal.client.dashboards.reading import choice_of
from portal.client.dashboards.shown import read_energy, read_lines, read_year
from portal.core import energy
from portal.core.history.rules.buckets import TimeSpan
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.settings import RunMode, load_settings
from portal.core.stack import Stack, close_stack, open_stack
from portal.ui.plotted import Drawn
from tests.bench.hours import _DEVICES, _columns, say
from tests.bench.ingest import database, settings

_DAY = timedelta(days=1)
_END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
_BEGIN, _LATELY = _END - 3652 * _DAY, _END - 14 * _DAY
_FILL = """
INSERT INTO monitoring.readings (time, customer, meter, received, {names})
SELECT t, 1, meter, extract(epoch FROM t)::int - 946684800, {values} FROM generate_series(1, $1::int) meter,
generate_series($2::timestamptz, $3::timestamptz - interval '1 minute', $4::interval) t,
LATERAL (SELECT (extract(epoch FROM t) / 60)::bigint - 24000000 AS n) AS minute
ORDER BY t, meter
"""
_QUEUE = """
INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts)
SELECT 1, array_agg(meter), array_agg(hour), array_agg(hour) FROM generate_series(1, $1::int) meter,
generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', '1 hour') hour
"""
_KINDS = ("power", "voltage-phases", "power-factor", "harmonics", "frequency")
_QUARTER, _MINUTE = timedelta(minutes=15), timedelta(minutes=1)


async def _fill(stack: Stack, connection: asyncpg.Connection, devices: int) -> None:
    await connection.execute(_DEVICES, devices)
    weeks = range((_END - _BEGIN) // (7 * _DAY) + 2)
    await stack.storage.ensure_partitions(stack.db, (_BEGIN + week * 7 * _DAY for week in weeks))
    statement = _FILL.format(**_columns(tuple(each.name for each in ALL_QUANTITIES)))
    at = _BEGIN
    while at < _LATELY:
        end = min(at + 91 * _DAY, _LATELY)
        await connection.execute(statement, devices, at, end, _QUARTER, timeout=600)
        at = end
    await connection.execute(statement, devices, _LATELY, _END, _MINUTE, timeout=600)
    await connection.execute(_QUEUE, devices, _BEGIN, _END)
    await connection.execute("ANALYZE monitoring.readings")
    began = time.perf_counter()
    await energy.refresh(stack)
    say(f"all hours brought up to date in {time.perf_counter() - began:.1f} s")
    await connection.execute("VACUUM ANALYZE", timeout=600)


Asked = Callable[[Stack, Chosen], Awaitable[object]]


async def _lines(stack: Stack, chosen: Chosen) -> Drawn:
    drawn, _, _ = await read_lines(stack, await choice_of(stack, chosen), stack.clock())
    return drawn


async def _bars(stack: Stack, chosen: Chosen) -> Drawn:
    return await read_energy(stack, await choice_of(stack, chosen), {"gaps": []})


async def _year(stack: Stack, chosen: Chosen) -> Drawn:
    return await read_year(stack, await choice_of(stack, chosen))


def _questions() -> dict[str, tuple[Asked, Chosen]]:
    usual = Chosen(meters=(UUID(int=1),), kinds=_KINDS, on=(_END - 2 * _DAY).date())
    zoom = TimeSpan(_END - 30 * _DAY, _END - 24 * _DAY)
    return {
        "lines of ten years": (_lines, replace(usual, span_name="decade")),
        "lines of a year": (_lines, replace(usual, span_name="year")),
        "lines of a month": (_lines, replace(usual, span_name="month")),
        "lines of a day": (_lines, usual),
        "a zoom into six days of a month": (_lines, replace(usual, zoom=zoom)),
        "a zoom into two hours of a day": (
            _lines,
            replace(usual, zoom=TimeSpan(_LATELY, _LATELY + _DAY / 12)),
        ),
        "energy of ten years": (_bars, replace(usual, span_name="decade")),
        "energy of a day by quarters": (_bars, replace(usual, bar_width="15m")),
        "the year of hours": (_year, usual),
    }


async def _ask(stack: Stack, rounds: int) -> None:
    took: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for name, (ask, chosen) in _questions().items():
            began = time.perf_counter()
            await ask(stack, chosen)
            if number:  # the first are to warm up
                took[name].append(time.perf_counter() - began)
    for name, times in took.items():
        ordered = sorted(times)
        worst = ordered[-1 - len(ordered) // 20]
        say(f"{name:34s} {statistics.median(times) * 1000:7.0f} ms, 95 of 100 {worst * 1000:7.0f} ms")


async def _measure(own: dict[str, str], given: argparse.Namespace) -> None:
    stack = open_stack(load_settings(own), application_name="bench")
    dsn = own["Database__ConnectionString"].replace("+asyncpg", "")
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    await _fill(stack, connection, given.devices)
    await _ask(stack, given.rounds)
    await connection.close()
    await close_stack(stack)


def main() -> None:
    """Measure each engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--engine", choices=("plain", "timescale"))
    arguments.add_argument("--devices", type=int, default=4)
    arguments.add_argument("--rounds", type=int, default=15)
    given = arguments.parse_args()
    engines = [given.engine] if given.engine else ["plain", *(["timescale"] if given.dsn else [])]
    with database(given.dsn) as server:
        for engine in engines:
            say(engine)
            asyncio.run(_measure(settings(server, RunMode.CLIENT, engine), given))


if __name__ == "__main__":
    main()
