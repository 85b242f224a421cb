"""Energy by hour, where nothing is to be judged: each difference in proportion to time, gaps apart."""

from datetime import UTC, datetime

import pytest

from portal.core.energy.rules.judging import JudgedHour
from portal.core.energy.rules.registers import Reading, register_milliwh
from tests.judged_registers import hours_of

KWH = 1_000_000


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, 18 + hour // 24, hour % 24, minute, tzinfo=UTC)


def hours(*readings: tuple[datetime, float], rated_kw: float | None = None) -> dict[datetime, JudgedHour]:
    return hours_of([Reading(when, register_milliwh(kwh)) for when, kwh in readings], rated_kw)


def test_the_worked_example_is_56_kwh() -> None:
    found = hours(
        (at(8), 1994.0), (at(8, 40), 2000.0), (at(10), 2000.0), (at(10, 20), 2020.0), (at(10, 40), 2050.0)
    )
    assert {hour: energy.allocated_milliwh for hour, energy in found.items()} == {
        at(8): 6 * KWH,
        at(9): 0,
        at(10): 50 * KWH,
    }
    assert sum(energy.unallocated_milliwh for energy in found.values()) == 0


def test_energy_over_an_hour_boundary_is_split_by_time() -> None:
    found = hours((at(8, 45), 10.0), (at(9, 15), 13.0))
    assert [energy.allocated_milliwh for energy in found.values()] == [1_500_000, 1_500_000]
    assert found[at(8)].last_milliwh == 10 * KWH


def test_an_hour_without_readings_has_its_share_and_is_covered() -> None:
    found = hours((at(8, 30), 10.0), (at(10, 30), 14.0))
    assert [found[at(hour)].allocated_milliwh for hour in (8, 9, 10)] == [KWH, 2 * KWH, KWH]
    assert found[at(9)].last_at is None
    assert found[at(9)].is_covered


def test_a_gap_is_reported_where_it_ends_and_estimated_where_it_lies() -> None:
    found = hours((at(8), 10.0), (at(12), 18.0))
    assert found[at(12)].unallocated_milliwh == 8 * KWH
    assert found[at(12)].estimated_milliwh == 0  # the gap ends on the hour: none of it lies in hour 12
    assert [found[at(hour)].estimated_milliwh for hour in range(8, 12)] == [2 * KWH] * 4
    assert sum(energy.allocated_milliwh for energy in found.values()) == 0
    assert not any(energy.is_covered for energy in found.values())


def test_a_suspect_counts_in_its_own_hour() -> None:
    found = hours((at(8), 100.0), (at(9), 90_000.0), (at(10), 101.0), (at(11), 102.0), rated_kw=10)
    assert {hour: energy.suspect_count for hour, energy in found.items() if energy.suspect_count} == {
        at(9): 1
    }
    assert not found[at(9)].is_unbroken
    assert found[at(11)].is_unbroken


def test_a_reset_counts_in_the_hour_it_is_found_in() -> None:
    before = [(at(6, 15 * n % 60), 99.0 + n / 10) for n in range(4)]
    found = hours(*before, (at(8), 100.0), (at(9), 1.0), (at(10), 1.5), (at(11), 2.0), rated_kw=10)
    assert {hour: energy.event_count for hour, energy in found.items() if energy.event_count} == {at(9): 1}


def test_no_readings_are_no_hours() -> None:
    assert hours() == {}


@pytest.mark.parametrize("minutes", [1, 15, 20, 30])
def test_fifteen_minute_readings_lose_nothing(minutes: int) -> None:
    """The flaw of max - min per hour, a quarter lost at 15 minutes, must not come back."""
    readings = [
        Reading(
            at(0, 0).replace(hour=step * minutes // 60 % 24, minute=step * minutes % 60),
            step * minutes * 20_000,
        )
        for step in range(24 * 60 // minutes)
    ]
    readings.append(Reading(at(24), 24 * 60 * 20_000))
    found = hours_of(readings)
    assert [found[at(hour)].allocated_milliwh for hour in range(24)] == [1_200_000] * 24
