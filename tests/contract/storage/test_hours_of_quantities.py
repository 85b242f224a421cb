"""Hours of every quantity come to what the readings say, at any time, for whoever asks: the API, people, dashboards."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.core import energy
from portal.core.readings.rules.quantities import ALL_QUANTITIES, REGISTERS, Quantity
from portal.core.readings.rules.scaling import to_stored
from portal.core.readings.service import measurements, readings
from portal.core.readings.service.measurements import WantedMeasurements
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode
from portal.core.stack import Stack
from tests.contract.storage.fleet import ago
from tests.integration.databases import Stacks
from tests.integration.energy.metering import new_meter
from tests.length import usual_or_long

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Steps that hours begin and end between, and those that come to whole ones.
_STEPS = (timedelta(minutes=7), timedelta(minutes=30), timedelta(hours=5))


class Bucket(NamedTuple):
    at: datetime
    sample_count: int
    values: list[float | None]


def some_readings(chance: random.Random, begin: datetime, count: int) -> list[DeviceReading]:
    """Readings of a span, each with some quantities; some quantities nobody ever measures."""
    names = [each.name for each in chance.sample(ALL_QUANTITIES, 12)]
    step, found = chance.choice(_STEPS), []
    for number in range(count):
        values: dict[str, Any] = {
            name: round(chance.uniform(-1, 1), 4)
            if name not in REGISTERS
            else chance.randrange(10**9) / 10**6
            for name in chance.sample(names, chance.randint(1, len(names)))
        }
        found.append(DeviceReading(time=begin + number * step, **values))
    return [one for one in found if one.time is not None and one.time < ago()]


async def _page(stack: Stack, device: UUID, bucket: str, since: datetime, until: datetime) -> list[Any]:
    wanted = WantedMeasurements(bucket, 10_000, ALL_QUANTITIES)
    page = await measurements.read_page(stack, device, (since, until), wanted)
    assert page.next_from_at is None
    return list(page.samples)


def _figure(quantity: Quantity, shown: Sequence[float]) -> float | None:
    """An average, to the last unit that is stored and the double next to it; of a register what it showed last."""
    if not shown:
        return None
    if quantity.name in REGISTERS:
        return shown[-1]
    return sum(to_stored(quantity, value) for value in shown) / (len(shown) * quantity.scale)


def expected(samples: Sequence[Any], width: timedelta) -> list[Bucket]:
    """Buckets of readings, by plain arithmetic."""
    found: dict[datetime, list[Any]] = {}
    for sample in samples:
        found.setdefault(sample.at - (sample.at - _EPOCH) % width, []).append(sample)
    return [
        Bucket(
            at,
            len(of_bucket),
            [
                _figure(quantity, [one.values[index] for one in of_bucket if one.values[index] is not None])
                for index, quantity in enumerate(ALL_QUANTITIES)
            ],
        )
        for at, of_bucket in sorted(found.items())
    ]


async def _agrees(stack: Stack, device: UUID) -> None:
    """Hold buckets of hours and of days, and what people see of hours, against the readings; to the last digit."""
    since, until = ago(days=80), ago(days=-2)
    samples = await _page(stack, device, "raw", since, until)
    for bucket, width in (("1h", _HOUR), ("1d", _DAY)):
        found = [Bucket(*each[:3]) for each in await _page(stack, device, bucket, since, until)]
        assert found == expected(samples, width)
    names = ", ".join(_column(each) for each in ALL_QUANTITIES)
    seen = await _rows(
        stack,
        f"SELECT hour, sample_count, {names} FROM monitoring.hourly_per_device WHERE device_id = :device ORDER BY hour",
        device=device,
    )
    assert [Bucket(row[0], row[1], list(row[2:])) for row in seen] == expected(samples, _HOUR)


def _column(quantity: Quantity) -> str:
    return f"{'last' if quantity.name in REGISTERS else 'avg'}_{quantity.name}"


async def _rows(stack: Stack, statement: str, **given: Any) -> list[tuple[Any, ...]]:
    async with stack.db.snapshot() as session:
        return [tuple(row) for row in await session.execute(text(statement), given)]


async def _send(stack: Stack, device: UUID, sent: Sequence[DeviceReading]) -> None:
    answer = await readings.import_readings(stack, device, sent)
    assert answer.rejected == 0


@pytest.fixture
async def stack(stacks: Stacks, engine: str) -> Stack:
    """A Client whose clock is the server's, by which policies go."""
    stacks.clock.now = datetime.now(UTC)
    return await stacks.client(Database__Storage=engine)


@pytest.mark.parametrize("seed", range(usual_or_long(4, 25)))
async def test_hours_are_what_readings_say_however_they_come(stack: Stack, seed: int) -> None:
    """In order, late, again, completing and conflicting; before and after each refresh."""
    chance = random.Random(seed)
    devices = [(await new_meter(stack)).key[-1] for _ in range(2)]
    for number in range(8):
        for device in devices:
            begin = ago(days=1 + chance.randrange(60) if chance.random() < 0.4 else 30 - 4 * number)
            sent = some_readings(chance, begin, chance.randint(1, 60))
            await _send(stack, device, sent)
            if chance.random() < 0.5:
                again = [
                    DeviceReading(
                        time=one.time, voltage_l3_v=231.5, active_power_kw=7.0, energy_imported_kwh=2000.25
                    )
                    for one in chance.sample(sent, 1 + len(sent) // 3)
                ]
                await _send(stack, device, again)
        if chance.random() < 0.5:
            await _agrees(stack, devices[0])
        if chance.random() < 0.7:
            await energy.refresh(stack)
    for device in devices:
        await _agrees(stack, device)
    await energy.refresh(stack)
    for device in devices:
        await _agrees(stack, device)


async def test_a_late_reading_is_in_its_hour_and_its_day_at_once(stack: Stack) -> None:
    device = (await new_meter(stack)).key[-1]
    begin = ago(days=50)
    await _send(
        stack, device, [DeviceReading(time=begin + n * _HOUR / 4, current_n_a=1.0) for n in range(4000)]
    )
    await energy.refresh(stack)
    await _send(
        stack, device, [DeviceReading(time=begin + timedelta(minutes=20), current_n_a=6.0, frequency_hz=50.0)]
    )
    first, second = (await _page(stack, device, "1h", begin, ago(days=0)))[:2]
    index = {each.name: number for number, each in enumerate(ALL_QUANTITIES)}
    assert (first.sample_count, first.values[index["current_n_a"]], first.values[index["frequency_hz"]]) == (
        5,
        2.0,
        50.0,
    )
    assert (second.sample_count, second.values[index["frequency_hz"]]) == (4, None)
    await _agrees(stack, device)


async def test_windows_of_half_hour_zones_get_whole_buckets(stack: Stack) -> None:
    """A bucket counts whole where it begins before the window, as it does of readings."""
    device = (await new_meter(stack)).key[-1]
    begin = ago(days=3)
    await _send(
        stack,
        device,
        [DeviceReading(time=begin + n * _HOUR / 10, voltage_v=220 + n / 10) for n in range(700)],
    )
    await energy.refresh(stack)
    kolkata = timezone(timedelta(hours=5, minutes=30))
    since = (begin + timedelta(days=1)).astimezone(kolkata).replace(hour=0, minute=0)
    until = since + _DAY
    samples = await _page(stack, device, "raw", since - 2 * _DAY, until + 2 * _DAY)
    for bucket, width in (("1h", _HOUR), ("1d", _DAY)):
        whole = [
            each
            for each in expected(samples, width)
            if each.at + width > since.astimezone(UTC) and each.at < until.astimezone(UTC)
        ]
        found = [Bucket(*each[:3]) for each in await _page(stack, device, bucket, since, until)]
        assert found == whole
        assert found[0].at < since


async def test_no_page_of_hours_reads_a_reading(stack: Stack) -> None:
    """Refreshed hours are told without the readings: nothing of them is left, and the hours are still there."""
    device = (await new_meter(stack)).key[-1]
    begin = ago(days=40)
    await _send(
        stack,
        device,
        [DeviceReading(time=begin + n * _HOUR / 2, apparent_power_kva=n / 7) for n in range(480)],
    )
    await energy.refresh(stack)
    async with stack.db.transaction() as session:
        await session.execute(
            text("DELETE FROM monitoring.readings WHERE time >= :second"), {"second": begin + _HOUR}
        )
    found = await _page(stack, device, "1h", begin, begin + timedelta(days=10))
    assert [each.sample_count for each in found] == [2] * 240


@pytest.mark.parametrize("mode", RunMode)
async def test_each_quantity_has_its_column_and_those_of_before_stay_first(
    stacks: Stacks, engine: str, mode: RunMode
) -> None:
    stack = await stacks._open(mode, {"Database__Storage": engine})
    found = await _rows(
        stack,
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = 'hourly_per_device' AND table_schema = :schema ORDER BY ordinal_position",
        schema=stack.layout.schema,
    )
    keys = [*(["customer_id"] if stack.layout.has_customers else []), "device_id", "hour"]
    before = [
        "avg_active_power_kw",
        "max_active_power_kw",
        "min_active_power_kw",
        "sample_count",
        "kwh_delta",
    ]
    others = [_column(each) for each in ALL_QUANTITIES if each.name != "active_power_kw"]
    assert [name for name, _ in found] == [*keys, *before, *others]
    assert {kind for name, kind in found if name in others} == {"double precision"}
