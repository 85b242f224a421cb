"""Meters of either run mode to store readings of, and what must then be stored of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from sqlalchemy import text

from portal.core.database.layout import Layout
from portal.core.energy.rules.judging import JudgedHour, judge, judged_hours
from portal.core.energy.rules.meter_rules import MeterRules, facts_of
from portal.core.energy.rules.registers import register_milliwh
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.time import epoch_microseconds, instant_of

START = datetime(2026, 3, 2, tzinfo=UTC)
MAX_GAP = timedelta(minutes=120)
RULES = MeterRules(MAX_GAP, facts_of(None))


def rules_of(rated_kw: float | None) -> MeterRules:
    """How a meter of a rated power is judged."""
    return MeterRules(MAX_GAP, facts_of(rated_kw))


@st.composite
def register_histories(draw: st.DrawFn) -> list[tuple[datetime, float]]:
    """A register over days: steps from seconds to a day, with resets, falls, jumps and standstill."""
    at, register, history = START, draw(st.integers(0, 10_000)), []
    # Half of all histories are clean, so that both ways to compute are taken and taken in turns.
    kinds = draw(st.sampled_from([["rise"], ["rise"] * 12 + ["reset", "fall", "jump", "same"]]))
    steps = draw(st.sampled_from([[300, 900, 1800], [20, 600, 900, 1800, 3600, 7200, 7201, 50_000]]))
    for _ in range(draw(st.integers(1, 40))):
        at += timedelta(seconds=draw(st.sampled_from(steps)))
        kind = draw(st.sampled_from(kinds))
        register = {
            "rise": register + draw(st.integers(0, 400)),
            "reset": draw(st.integers(0, 5)),
            "fall": max(0, register - draw(st.integers(1, 2000))),
            "jump": register + 10**9,
            "same": register,
        }[kind]
        history.append((at, register / 10))
    return history


def expected_hours(
    rows: list[tuple[datetime, float]], rules: MeterRules = RULES
) -> dict[datetime, tuple[Any, ...]]:
    """What the judge says of all rows at once, by hour."""
    readings = [(epoch_microseconds(at), register_milliwh(kwh)) for at, kwh in rows]
    judgement = judge(readings, rules.facts, rules.decisions)
    hours = judged_hours(judgement, rules.max_gap // timedelta(microseconds=1))
    return {instant_of(hour.hour): hour_figures(hour) for hour in hours if any(hour[1:])}


def hour_figures(hour: JudgedHour) -> tuple[Any, ...]:
    """An hour in the shape of `Meter.hours`."""
    last_at = None if hour.last_at is None else instant_of(hour.last_at)
    return (*hour[1:6], last_at, *hour[7:])


_STORE = """
WITH stored AS (
    INSERT INTO fleet.readings (customer, meter, time, energy_imported_kwh, active_power_kw)
    SELECT d.customer, d.meter, t.at, round(t.kwh * 1000000), round(CAST(:power AS float8) * 10000)
    FROM fleet.devices d
    CROSS JOIN unnest(CAST(:times AS timestamptz[]), CAST(:registers AS float8[])) AS t (at, kwh)
    WHERE d.customer_id = :customer_id AND d.id = :device_id ORDER BY t.at
    ON CONFLICT DO NOTHING RETURNING customer, meter, time
)
INSERT INTO fleet.rollup_batches (customer, meters, hours, firsts)
SELECT customer, array_agg(meter), array_agg(hour), array_agg(first_at)
FROM (
    SELECT customer, meter, date_trunc('hour', time, 'UTC') AS hour, min(time) AS first_at
    FROM stored GROUP BY customer, meter, hour
) touched GROUP BY customer
"""


@dataclass(frozen=True)
class Meter:
    """A meter in a stack's database; readings are stored in a transaction with their queue entries."""

    stack: Stack
    key: tuple[UUID, ...]

    @property
    def layout(self) -> Layout:
        return self.stack.layout

    async def store(self, rows: list[tuple[datetime, float | None]], power_kw: float | None = 1.0) -> None:
        """Store rows: on the Client the way devices do, on the Admin by a statement like that of a batch."""
        if self.stack.settings.run_mode is RunMode.CLIENT:
            sent = [
                DeviceReading(time=at, energy_imported_kwh=kwh, active_power_kw=power_kw) for at, kwh in rows
            ]
            await readings.import_readings(self.stack, self.key[-1], sent)
            return
        await self.stack.storage.ensure_partitions(self.stack.db, [at for at, _ in rows])
        async with self.stack.db.transaction() as session:
            await session.execute(
                text(_STORE),
                {
                    **self.layout.given(self.key),
                    "times": [at for at, _ in rows],
                    "registers": [kwh for _, kwh in rows],
                    "power": power_kw,
                },
            )

    async def hours(self) -> dict[datetime, tuple[Any, ...]]:
        """The stored energy, in the shape of `expected_hours`."""
        rows = await self._rows(
            "SELECT hour, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count, is_covered, "
            "last_at, last_milliwh, is_unbroken, event_count FROM {hourly_energy} "
            "WHERE {customer_id = :customer_id AND} device_id = :device_id"
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    async def days(self) -> dict[Any, tuple[int, ...]]:
        """The stored energy per day."""
        rows = await self._rows(
            "SELECT day, allocated_milliwh, unallocated_milliwh, estimated_milliwh, suspect_count, covered_hours "
            "FROM {daily_energy} WHERE {customer_id = :customer_id AND} device_id = :device_id"
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    async def figures(self) -> dict[datetime, tuple[Any, ...]]:
        """The hourly figures as anybody sees them."""
        rows = await self._rows(
            "SELECT hour, avg_active_power_kw, max_active_power_kw, min_active_power_kw, sample_count, kwh_delta "
            "FROM {hourly_per_device} WHERE {customer_id = :customer_id AND} device_id = :device_id"
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    async def _rows(self, statement: str) -> list[Any]:
        async with self.stack.db.snapshot() as session:
            return list(await session.execute(text(self.layout.sql(statement)), self.layout.given(self.key)))


def expected_days(hours: dict[datetime, tuple[Any, ...]]) -> dict[Any, tuple[int, ...]]:
    """The sums of hours by UTC day."""
    days: dict[Any, list[int]] = {}
    for hour, figures in hours.items():
        day = days.setdefault(hour.date(), [0, 0, 0, 0, 0])
        for index in range(5):
            day[index] += figures[index]
    return {day: tuple(sums) for day, sums in days.items()}


def expected_figures(
    rows: list[tuple[datetime, float]], power_kw: float = 1.0
) -> dict[datetime, tuple[Any, ...]]:
    """The hourly figures of rows stored with one power."""
    hours: dict[datetime, list[float]] = {}
    for at, kwh in set(rows):
        hours.setdefault(at.replace(minute=0, second=0, microsecond=0), []).append(kwh)
    return {
        hour: (
            power_kw,
            power_kw,
            power_kw,
            len(kwh),
            (register_milliwh(max(kwh)) - register_milliwh(min(kwh))) / 1_000_000,
        )
        for hour, kwh in hours.items()
    }


_CLIENT_SITE = (
    "INSERT INTO monitoring.sites (name) VALUES ('Site') ON CONFLICT DO NOTHING",
    (
        "INSERT INTO monitoring.devices "
        "(id, site_id, name, external_id, token_hash, max_power_kw, customer, meter) "
        "SELECT :device_id, id, :name, :name, :name, :power, 1, "
        "(SELECT 1 + count(*) FROM monitoring.devices) FROM monitoring.sites"
    ),
)
_FLEET_SITE = (
    (
        "INSERT INTO fleet.customers (id, code, name, token_hash, number) "
        "SELECT :customer_id, :name, :name, :name, 1 + count(*) FROM fleet.customers"
    ),
    "INSERT INTO fleet.sites (customer_id, id, name) VALUES (:customer_id, :customer_id, 'Site')",
    (
        "INSERT INTO fleet.devices "
        "(customer_id, id, site_id, name, external_id, max_power_kw, customer, meter) "
        "SELECT :customer_id, :device_id, :customer_id, :name, :name, :power, number, 1 "
        "FROM fleet.customers WHERE id = :customer_id"
    ),
)


async def new_meter(stack: Stack, rated_kw: float | None = None) -> Meter:
    """Add a meter (and, on the Admin, its customer and site)."""
    customer_id = uuid4() if stack.layout.has_customers else None
    meter = Meter(stack, stack.layout.key(uuid4(), customer_id))
    names = stack.layout.given(meter.key)
    async with stack.db.transaction() as session:
        for statement in _CLIENT_SITE if stack.settings.run_mode is RunMode.CLIENT else _FLEET_SITE:
            asked = {"name": uuid4().hex, "power": rated_kw, **names}
            await session.execute(
                text(statement), {key: asked[key] for key in asked if f":{key}" in statement}
            )
    return meter


async def shows_at_once(stack: Stack) -> bool:
    """Whether figures are right before a refresh whatever their age: on TimescaleDB old ones come with the refresh."""
    async with stack.db.snapshot() as session:
        return (await stack.storage.capabilities(session)).engine == "postgresql"
