"""Registers at the ends of days give the same energy as the rule that goes through every reading."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from portal.core.energy.rules.balance import DayEnds, day_energy
from portal.core.energy.rules.registers import Reading
from tests.judged_registers import hours_of

START = datetime(2026, 3, 28, 21, 17, 3, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from([1, 60, 900, 3599, 7200, 7201, 90_000, 200_000]), st.integers(0, 10**7)),
    min_size=1,
    max_size=60,
)


def _ends(readings: list[Reading]) -> list[DayEnds]:
    days = [list(group) for _, group in groupby(readings, key=lambda reading: reading.at.date())]
    return [DayEnds(day[0], day[-1]) for day in days]


@given(steps=STEPS, max_gap=st.sampled_from([timedelta(minutes=30), timedelta(hours=2), timedelta(days=2)]))
def test_a_rising_register_gives_the_rules_days(steps: list[tuple[int, int]], max_gap: timedelta) -> None:
    at, shown, readings = START, 5_000, []
    for seconds, milliwh in steps:
        at, shown = at + timedelta(seconds=seconds), shown + milliwh
        readings.append(Reading(at, shown))
    expected: dict[date, int] = {}
    for hour, energy in hours_of(readings, 10**6, max_gap).items():
        expected[hour.date()] = (
            expected.get(hour.date(), 0) + energy.allocated_milliwh + energy.unallocated_milliwh
        )
    found = day_energy(_ends(readings), max_gap)
    assert {day: milliwh for day, milliwh in found.items() if milliwh} == {
        day: milliwh for day, milliwh in expected.items() if milliwh
    }
    assert sum(found.values()) == readings[-1].register_milliwh - readings[0].register_milliwh


def test_no_readings_no_energy() -> None:
    assert day_energy([], timedelta(hours=2)) == {}
