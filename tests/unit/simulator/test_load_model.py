"""The simulated meters: repeatable, quick, and shaped like real buildings."""

import time as stopwatch
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from portal.core.energy.rules.registers import Reading, register_milliwh
from portal.simulator.load_model import EPOCH, BuildingLoad, LoadKind
from tests.judged_registers import hours_of

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
MONDAY = datetime(2026, 5, 17, 22, tzinfo=UTC)  # local midnight
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
KINDS = list(LoadKind)


def load(kind: str = "office", seed: int = 7) -> BuildingLoad:
    return BuildingLoad(seed, kind, JOHANNESBURG)


def used_kwh(building: BuildingLoad, from_at: datetime, span: timedelta) -> float:
    return (building.register_milliwh(from_at + span) - building.register_milliwh(from_at)) / 1_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_goes_on_with_the_same_readings(kind: LoadKind) -> None:
    later = MONDAY + timedelta(hours=9)
    first = list(load(kind).registers(MONDAY, MONDAY + DAY, QUARTER))
    assert first == list(load(kind).registers(MONDAY, MONDAY + DAY, QUARTER))
    assert [row for row in first if row.at >= later] == list(
        load(kind).registers(later, MONDAY + DAY, QUARTER)
    )
    assert len(first) == 96


def test_seeds_are_different_meters() -> None:
    assert load(seed=1).reading(MONDAY) != load(seed=2).reading(MONDAY)


@pytest.mark.parametrize("kind", KINDS)
def test_registers_never_fall_and_move_in_whole_counts(kind: LoadKind) -> None:
    building = load(kind)
    seconds = [building.register_milliwh(MONDAY + timedelta(seconds=97 * n)) for n in range(4000)]
    assert all(before <= after for before, after in pairwise(seconds))
    shown = [building.register_kwh(MONDAY + n * QUARTER) for n in range(700)]
    assert all(before <= after for before, after in pairwise(shown))
    assert all(register_milliwh(kwh) % 100_000 == 0 for kwh in shown)


@pytest.mark.parametrize("kind", KINDS)
def test_days_join_without_a_step(kind: LoadKind) -> None:
    building, second = load(kind), timedelta(seconds=1)
    for day in range(10):
        midnight = MONDAY + day * DAY
        assert 0 <= used_kwh(building, midnight - second, 2 * second) < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_power_is_the_slope_of_the_register(kind: LoadKind) -> None:
    building = load(kind)
    rows = list(building.registers(MONDAY, MONDAY + DAY, timedelta(minutes=5)))
    from_power = sum(abs(row.active_power_kw or 0) for row in rows) / 12
    assert from_power == pytest.approx(used_kwh(building, MONDAY, DAY), rel=0.01)


def test_an_office_works_on_weekdays_and_by_day() -> None:
    office = load()
    weekday, saturday, sunday = (used_kwh(office, MONDAY + day * DAY, DAY) for day in (1, 5, 6))
    assert weekday > 1.5 * saturday > 1.5 * sunday
    ten, three = (office.sample(MONDAY + timedelta(hours=hour)).active_power_kw for hour in (10, 3))
    assert ten > 3 * three > 0


def test_a_cold_store_cycles_around_the_clock() -> None:
    powers = [
        row.active_power_kw or 0
        for row in load("cold_store").registers(MONDAY, MONDAY + DAY, timedelta(minutes=5))
    ]
    assert min(powers) < 7
    assert max(powers) > 30
    switched = sum(abs(after - before) > 8 for before, after in pairwise(powers))
    assert switched > 60


def test_solar_feeds_in_by_day_only() -> None:
    solar = load("solar")
    noon, night = solar.reading(MONDAY + DAY / 2), solar.reading(MONDAY)
    assert (noon.active_power_kw or 0) < -5
    assert str(night.active_power_kw) == "0.0"
    assert noon.energy_imported_kwh == 0.0
    assert (noon.energy_exported_kwh or 0) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_quantities_are_those_of_a_healthy_supply(kind: LoadKind) -> None:
    for row in load(kind).registers(MONDAY, MONDAY + 7 * DAY, timedelta(minutes=37)):
        assert 207 <= (row.voltage_v or 0) <= 253
        assert 49.8 <= (row.frequency_hz or 0) <= 50.2
        assert 0.5 <= (row.power_factor or 0) <= 1
        active, reactive, apparent = (
            row.active_power_kw or 0,
            row.reactive_power_kvar or 0,
            row.apparent_power_kva or 0,
        )
        assert apparent**2 == pytest.approx(active**2 + reactive**2, rel=0.01, abs=0.001)


def test_the_billing_rules_believe_every_simulated_reading() -> None:
    rows = load().registers(MONDAY, MONDAY + 3 * DAY, timedelta(seconds=30))
    readings = [Reading(row.at, register_milliwh(row.energy_imported_kwh or 0)) for row in rows]
    hours = hours_of(readings, 150)
    assert sum(hour.suspect_count + hour.event_count for hour in hours.values()) == 0
    assert sum(hour.allocated_milliwh for hour in hours.values()) == (
        readings[-1].register_milliwh - readings[0].register_milliwh
    )


def test_a_register_far_from_the_epoch_and_a_long_history_are_quick() -> None:
    began = stopwatch.process_time()
    for seed, kind in enumerate(KINDS):
        building = load(kind, seed)
        building.register_kwh(EPOCH + timedelta(days=3650))
        assert sum(1 for _ in building.registers(MONDAY, MONDAY + 35 * DAY, QUARTER)) == 35 * 96
    assert stopwatch.process_time() - began < 2.0  # 0.25 s on a quiet machine


def test_times_before_the_epoch_naive_times_and_empty_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="2020-01-01"):
        load().register_kwh(EPOCH - timedelta(seconds=1))
    with pytest.raises(ValueError, match="offset"):
        load().sample(MONDAY.replace(tzinfo=None))
    with pytest.raises(ValueError, match="step"):
        next(load().registers(MONDAY, MONDAY + DAY, timedelta(0)))


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="volcano"):
        load("volcano")
