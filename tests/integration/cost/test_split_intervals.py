"""Hours that an edge cuts: added up in the database where they are clean, and as they were judged otherwise."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from portal.core.cost.rules.rates import segments
from portal.core.cost.service import cost
from portal.core.energy.queries import split_intervals
from portal.core.energy.rules.hour_readings import kept_hour, kept_of
from portal.core.energy.rules.judging import judge, judged_hours
from portal.core.energy.rules.meter_rules import MeterRules, facts_of
from portal.core.energy.rules.pieces import PieceKind
from portal.core.energy.rules.registers import register_milliwh
from portal.core.energy.rules.split_intervals import split_interval
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.core.values.time import HOUR, epoch_microseconds, instant_of
from tests.integration.databases import Clock

START = datetime(2026, 5, 18, tzinfo=UTC)
DAYS = 5
TARIFF = {
    "municipality": "Town",
    "name": "TOU",
    "effectiveFrom": "2026-01-01",
    "defaultRatePerKwh": 1,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 127, "startTime": "17:30", "endTime": "19:10", "ratePerKwh": 10},
        {"name": "Short", "daysOfWeek": 127, "startTime": "05:05", "endTime": "05:25", "ratePerKwh": 7},
    ],
}


def a_register(chance: Random, minutes: int) -> Iterator[tuple[datetime, float]]:
    """Yield a meter's readings with all that can go wrong, every so many minutes or a little off."""
    at, shown = START, 100.0
    while at < START + timedelta(days=DAYS):
        yield at, shown + (chance.choice([-50, 400_000]) if chance.random() < 0.01 else 0)
        jitter = chance.choice([0, 0, 0, chance.randrange(-50, 60)]) if minutes < 60 else 0
        at += timedelta(minutes=minutes, seconds=jitter, microseconds=chance.randrange(2))
        if chance.random() < 0.01:
            at += timedelta(minutes=chance.randrange(400))
        shown = 0.4 if chance.random() < 0.005 else round(shown + chance.random() * minutes / 10, 1)


def expected(
    rows: list[tuple[datetime, float]], rates: list[Tariff], zone: ZoneInfo, day_zone: ZoneInfo
) -> dict[object, int]:
    """Split each hour by the pure rule: energy by day, and by the name of the period."""
    rules = MeterRules(timedelta(minutes=120), facts_of(None))
    judgement = judge([(epoch_microseconds(at), register_milliwh(kwh)) for at, kwh in rows], rules.facts)
    found: dict[object, int] = defaultdict(int)
    calendar = segments(rates, zone, START, START + timedelta(days=DAYS), day_zone)
    for energy in judged_hours(judgement, rules.max_gap // timedelta(microseconds=1)):
        hour = instant_of(energy.hour)
        its = [part for part in calendar if part.end_at > hour and part.start_at < hour + HOUR]
        edges = [part.start_at for part in its[1:]]
        its_own = kept_hour(
            kept_of(judgement, rules.eras, hour, hour + HOUR), hour, hour + HOUR, rules.max_gap
        )
        near = [piece for piece in its_own.pieces if piece.kind is PieceKind.ALLOCATED]
        parts = split_interval(near, hour, energy.allocated_milliwh, edges)
        for part, milliwh in zip(its, parts, strict=True):
            assert part.price is not None
            found[part.day] += milliwh
            found[part.price.period_name] += milliwh
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("zone", "days"), [("Africa/Johannesburg", "utc"), ("Asia/Kolkata", "local"), ("Asia/Kathmandu", "utc")]
)
async def test_intervals_are_split_as_the_pure_rule_splits_them(
    client_stack: Stack, clock: Clock, zone: str, days: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(days=DAYS)
    await municipalities.add_municipality(client_stack, "Town", zone)
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Town")
    chance = Random(f"{zone} {seed}")
    rates = [
        tariff for municipality in await tariffs.list_tariffs(client_stack) for tariff in municipality.tariffs
    ]
    one, day_zone = ZoneInfo(zone), ZoneInfo(zone if days == "local" else "UTC")
    whole: dict[object, int] = defaultdict(int)
    for minutes in (1, 7, 15, 30, 60, 75):
        rows = list(a_register(chance, minutes))
        device = await devices.add_device(
            client_stack, f"M{minutes}", site="House", external_id=f"m{minutes}"
        )
        batch = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in rows]
        await readings.import_readings(client_stack, device.id, batch)
        for key, milliwh in expected(rows, rates, one, day_zone).items():
            whole[key] += milliwh
    looked_at = count_hours(monkeypatch)
    report = await cost.client_cost(client_stack, START, START + timedelta(days=DAYS), days=days)
    said = {line.name: line.kwh for line in report.periods} | {day.date: day.kwh for day in report.days}
    assert {key: kwh * 1_000_000 for key, kwh in said.items() if kwh} == {
        key: milliwh for key, milliwh in whole.items() if milliwh
    }
    cut = 6 * DAYS * 3
    assert 0 < len(looked_at) < cut, "clean hours are added up in the database, the others looked at"


def count_hours(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that gathers the hours that are looked at one by one from now on."""
    looked_at: list[object] = []
    add_readings = split_intervals.add_readings

    async def counted(
        session: object, layout: object, customer: object, hours: list[object], gap: object
    ) -> None:
        looked_at.extend(hours)
        await add_readings(session, layout, customer, hours, gap)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(split_intervals, "add_readings", counted)
    return looked_at
