"""An Admin's database of many customers: one is filled as the product fills it, the others get its rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.values.tokens import token_hash
from tests.bench.narrow_fill import narrow_insert
from tests.bench.rig import EIGHT
from tests.bench.storage_fill import connected

if TYPE_CHECKING:
    from portal.core.stack import Stack

STEP = timedelta(minutes=5)

_CUSTOMERS = """
INSERT INTO fleet.customers (id, code, name, token_hash, number)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'LOAD-' || n, 'Customer ' || n, hash, n
FROM unnest($1::text[]) WITH ORDINALITY AS t (hash, n)
"""
_NUMBERS = "INSERT INTO fleet.meter_numbers (customer, last_meter) SELECT number, 0 FROM fleet.customers"
# All of them number their meters alike.
_ALIKE = "UPDATE fleet.devices SET meter = substr(external_id, 2)::integer"
# What a meter shows: power by the hour of the day, which is integrated exactly, so that the register agrees with it.
_READINGS = """
SELECT at AS time, d.customer, d.meter, round((load_kw * (1 - 0.6 * cos(turn)))::numeric, 3) AS active_power_kw,
       round((load_kw * 0.3)::numeric, 3) AS reactive_power_kvar,
       round((load_kw * 1.1)::numeric, 3) AS apparent_power_kva, 0.92 AS power_factor,
       round((229 + 4 * random())::numeric, 1) AS voltage_v, 50 AS frequency_hz,
       round((d.meter * 1000 + load_kw * (hours - 0.6 * 24 / (2 * pi()) * sin(turn)))::numeric, 2)
           AS energy_imported_kwh, 0 AS energy_exported_kwh
FROM fleet.devices d
CROSS JOIN LATERAL (SELECT 2 + d.meter * 0.7 AS load_kw) AS rated
CROSS JOIN generate_series($1::timestamptz, $2::timestamptz - $3::interval, $3::interval) AS at
CROSS JOIN LATERAL (SELECT extract(epoch FROM at - $1::timestamptz)::float8 / 3600 AS hours) AS since
CROSS JOIN LATERAL (SELECT 2 * pi() * hours / 24 AS turn) AS day
WHERE d.customer = 1
"""
_QUEUE = """
INSERT INTO fleet.rollup_batches (customer, meters, hours, firsts)
SELECT 1, array_agg(d.meter), array_agg(hour), array_agg(hour)
FROM fleet.devices d, generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') AS hour
WHERE d.customer = 1
"""
_COLUMNS = """
SELECT array_agg(quote_ident(column_name) ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_schema = 'fleet' AND table_name = $1
"""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# What is copied, by which column, and how much of it at once: as pushes bring it, all customers' hour after hour.
_COPIED = (
    ("readings", "time", _HOUR),
    ("hourly_rollup", "hour", _DAY),
    ("daily_rollup", "day", 7 * _DAY),
    ("hourly_energy", "hour", _DAY),
    ("daily_energy", "day", 7 * _DAY),
    ("meter_heads", "last_at", _DAY),
)


def token_of(number: int) -> str:
    """Return the token of a customer, from 1 on."""
    return f"load-{number}-{'0' * 40}"


async def add_customers(stack: Stack, count: int) -> None:
    """Register customers with tokens that are known here."""
    async with connected(stack) as connection:
        await connection.execute(_CUSTOMERS, [token_hash(token_of(number)) for number in range(1, count + 1)])
        await connection.execute(_NUMBERS)


async def fill_first(stack: Stack, weeks: int) -> datetime:
    """Store weeks of readings of the first customer, up to this hour, and their energy; return where they begin."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - weeks * timedelta(days=7)
    times = [start + day * timedelta(days=1) for day in range(7 * weeks + 8)]
    await stack.storage.ensure_partitions(stack.db, times)
    async with connected(stack) as connection:
        await connection.execute(_ALIKE)
        await connection.execute(narrow_insert("fleet", EIGHT, _READINGS), start, end, STEP, timeout=600)
        await connection.execute(_QUEUE, start, end)
        await energy.refresh(stack)
    return start


async def copy_to_others(stack: Stack, start: datetime) -> None:
    """Give all others what the first has from an instant on; the database is a plain one."""
    end = datetime.now(UTC)
    async with connected(stack) as connection:
        for table, moment, step in _COPIED:
            columns: list[str] = await connection.fetchval(_COLUMNS, table)
            statement = _copying(table, columns, moment)
            since = start - 7 * _DAY
            while since < end:
                await connection.execute(statement, since, since + step, timeout=600)
                since += step
        await connection.execute("VACUUM ANALYZE", timeout=3600)


def _copying(table: str, columns: list[str], moment: str) -> str:
    owner, other = ("customer", "c.number") if "customer" in columns else ("customer_id", "c.id")
    values = ", ".join(other if name == owner else f"r.{name}" for name in columns)
    meter = "meter" if "meter" in columns else "device_id" if "device_id" in columns else moment
    return (
        f"INSERT INTO fleet.{table} ({', '.join(columns)}) SELECT {values} FROM fleet.{table} r "
        f"JOIN fleet.customers first ON first.number = 1 AND r.{owner} = {other.replace('c.', 'first.')} "
        f"JOIN fleet.customers c ON c.number > 1 WHERE r.{moment} >= $1 AND r.{moment} < $2 "
        f"ORDER BY {other}, r.{meter}, r.{moment}"
    )
