"""An Admin's database with the meters of two customers, and what its rollups must show by plain arithmetic."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from portal.core import energy
from portal.core.stack import Stack

ALICE, CHARLIE = UUID(int=1), UUID(int=3)
METERS = {ALICE: (UUID(int=11), UUID(int=12)), CHARLIE: (UUID(int=31),)}
_SETUP = """
INSERT INTO fleet.customers (id, code, name, token_hash, number)
    VALUES ('{customer}', '{code}', '{code}', '{code}', {number});
INSERT INTO fleet.meter_numbers (customer, last_meter) VALUES ({number}, {meters});
INSERT INTO fleet.sites (customer_id, id, name) VALUES ('{customer}', '{customer}', 'Site');
"""
_METER = (
    "INSERT INTO fleet.devices (customer_id, id, site_id, name, external_id, customer, meter) "
    "VALUES ('{customer}', '{device}', '{customer}', 'Meter', '{device}', {number}, {meter})"
)
_STORE = """
WITH stored AS (
    INSERT INTO fleet.readings (time, customer, meter, active_power_kw, energy_imported_kwh)
    SELECT s.time, d.customer, d.meter, round(s.power_kw * 10000), round(s.register_kwh * 1000000)
    FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::float8[], $5::float8[])
        AS s (time, customer_id, device_id, power_kw, register_kwh)
    JOIN fleet.devices d ON d.customer_id = s.customer_id AND d.id = s.device_id
    ON CONFLICT DO NOTHING RETURNING customer, meter, time
), queued AS (
    INSERT INTO fleet.rollup_batches (customer, meters, hours, firsts)
    SELECT customer, array_agg(meter), array_agg(hour), array_agg(first_at) FROM (
        SELECT customer, meter, date_trunc('hour', time, 'UTC') AS hour, min(time) AS first_at
        FROM stored GROUP BY customer, meter, hour
    ) touched GROUP BY customer
)
SELECT count(*) FROM stored
"""
_POLICIES = (
    "SELECT job_id, proc_name, hypertable_name FROM timescaledb_information.jobs "
    "WHERE hypertable_schema = 'fleet' ORDER BY job_id"
)


class Row(NamedTuple):
    """One reading of one meter."""

    customer: UUID
    device: UUID
    time: datetime
    power_kw: float | None
    register_kwh: float | None


@dataclass
class Fleet:
    """The stack under test and every reading it was given."""

    stack: Stack
    stored: dict[tuple[UUID, UUID, datetime], Row] = field(default_factory=dict)

    @classmethod
    async def open(cls, stack: Stack) -> Fleet:
        fleet = cls(stack)
        async with fleet.connection() as connection:
            for customer, devices in METERS.items():
                names = {"customer": customer, "code": f"c{customer.int}", "number": customer.int}
                await connection.execute(_SETUP.format(**names, meters=len(devices)))
                for meter, device in enumerate(devices, 1):
                    await connection.execute(_METER.format(**names, device=device, meter=meter))
        return fleet

    def connection(self) -> _Connection:
        return _Connection(self.stack.db.dsn)

    async def store(self, rows: list[Row]) -> int:
        """Store readings and queue their hours as an ingest does, in one transaction; returns the new ones."""
        await self.stack.storage.ensure_partitions(self.stack.db, (row.time for row in rows))
        columns = list(
            zip(*((r.time, r.customer, r.device, r.power_kw, r.register_kwh) for r in rows), strict=True)
        )
        async with self.connection() as connection, connection.transaction():
            count = await connection.fetchval(_STORE, *map(list, columns))
        for row in rows:
            self.stored.setdefault((row.customer, row.device, row.time), row)
        return count

    async def refresh(self) -> None:
        await energy.refresh(self.stack)

    async def run_policies(self) -> None:
        """Let every policy of the engine run once, as the database does by itself in time."""
        async with self.connection() as connection:
            if not await connection.fetchval(
                "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
            ):
                return
            for job in await connection.fetch(_POLICIES):
                await _until_free(connection, f"CALL run_job({job['job_id']})")

    async def compress(self) -> int:
        """Compress every chunk; returns how many are compressed then (none on plain PostgreSQL)."""
        async with self.connection() as connection:
            if not await connection.fetchval(
                "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'"
            ):
                return 0
            await _until_free(
                connection,
                "SELECT compress_chunk(c, true, true) FROM show_chunks('fleet.readings') c",
            )
            return await connection.fetchval(
                "SELECT count(*) FROM timescaledb_information.chunks WHERE is_compressed "
                "AND hypertable_name = 'readings'"
            )

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.stack.db.snapshot() as session:
            return [tuple(row) for row in await session.execute(text(statement))]

    async def hourly(self) -> dict[tuple[UUID, UUID, datetime], tuple[Any, ...]]:
        rows = await self.rows(
            "SELECT customer_id, device_id, hour, sample_count, avg_active_power_kw, max_active_power_kw, "
            "min_active_power_kw, kwh_delta FROM fleet.hourly_per_device"
        )
        assert len({row[:3] for row in rows}) == len(rows), "an hour shows twice"
        return {row[:3]: row[3:] for row in rows}

    async def daily(self) -> dict[tuple[UUID, datetime], tuple[Any, ...]]:
        rows = await self.rows(
            "SELECT customer_id, day, sample_count, avg_active_power_kw, max_active_power_kw, "
            "min_active_power_kw, kwh_delta, device_count FROM fleet.daily_per_customer"
        )
        assert len({row[:2] for row in rows}) == len(rows), "a day shows twice"
        return {row[:2]: row[2:] for row in rows}

    def expected_hourly(self) -> dict[tuple[UUID, UUID, datetime], tuple[Any, ...]]:
        groups: dict[tuple[UUID, UUID, datetime], list[Row]] = defaultdict(list)
        for row in self.stored.values():
            hour = row.time.replace(minute=0, second=0, microsecond=0)
            groups[row.customer, row.device, hour].append(row)
        return {key: _figures(rows) for key, rows in groups.items()}

    def expected_daily(self) -> dict[tuple[UUID, datetime], tuple[Any, ...]]:
        days: dict[tuple[UUID, datetime], list[Row]] = defaultdict(list)
        deltas: dict[tuple[UUID, datetime], list[float | None]] = defaultdict(list)
        for row in self.stored.values():
            days[row.customer, row.time.replace(hour=0, minute=0, second=0, microsecond=0)].append(row)
        for (customer, _, hour), figures in self.expected_hourly().items():
            deltas[customer, hour.replace(hour=0)].append(figures[4])
        return {
            key: (*_figures(rows)[:4], _sum_of_known(deltas[key]), _meters(rows))
            for key, rows in days.items()
        }

    async def agrees(self) -> None:
        """Hold hourly and daily views against the readings."""
        assert await self.hourly() == nearly(self.expected_hourly())
        assert await self.daily() == nearly(self.expected_daily())


class _Connection:
    def __init__(self, dsn: str) -> None:
        self._address = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await asyncpg.connect(self._address, server_settings={"timezone": "UTC"})
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


# The last: "already compressed", by a worker that was at it when the statement looked.
_OF_WORKERS = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ObjectInUseError,
    asyncpg.DuplicateObjectError,
)


async def _until_free(connection: asyncpg.Connection, statement: str) -> None:
    """Run a statement that fails while the database's own workers do the same."""
    for _ in range(100):
        try:
            await connection.execute(statement)
        except _OF_WORKERS:
            await asyncio.sleep(0.1)
        else:
            return
    raise TimeoutError(statement)


def _figures(rows: list[Row]) -> tuple[Any, ...]:
    powers = [row.power_kw for row in rows if row.power_kw is not None]
    registers = [row.register_kwh for row in rows if row.register_kwh is not None]
    return (
        len(rows),
        sum(powers) / len(powers) if powers else None,
        max(powers, default=None),
        min(powers, default=None),
        max(registers) - min(registers) if registers else None,
    )


def _sum_of_known(figures: list[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _meters(rows: list[Row]) -> int:
    return len({row.device for row in rows})


def nearly(groups: dict[Any, tuple[Any, ...]]) -> dict[Any, tuple[Any, ...]]:
    """Sums of floats depend on their order in the last digits, which rounding does not hide where one ends in a 5."""
    return {
        key: tuple(pytest.approx(f, rel=1e-9, abs=1e-9) if isinstance(f, float) else f for f in figures)
        for key, figures in groups.items()
    }


def readings(
    customer: UUID,
    device: UUID,
    start: datetime,
    step: timedelta,
    count: int,
    *,
    register_kwh: float = 1000.0,
) -> list[Row]:
    """Return readings at a fixed step, with a power and a register that differ from reading to reading."""
    return [
        Row(customer, device, start + i * step, 5 + i % 7 / 10, round(register_kwh + i * 0.1, 6))
        for i in range(count)
    ]


def ago(**duration: float) -> datetime:
    """Return the start of the UTC hour some time before now: policies go by the server's clock."""
    at = datetime.now(UTC) - timedelta(**duration)
    return at.replace(minute=0, second=0, microsecond=0)
