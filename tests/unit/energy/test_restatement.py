"""Changes of days that were over give the answer back as it stood."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from portal.core.energy.rules.restatement import (
    ChangedEnergy,
    EnergyOfHour,
    day_changes,
    first_open_day,
    hours_before,
)

NOW = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)
START = datetime(2026, 5, 16, tzinfo=UTC)
KEY = (UUID(int=1),)
_ENERGY = st.builds(EnergyOfHour, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
_HISTORY = st.lists(st.dictionaries(st.integers(0, 150), _ENERGY, max_size=12), min_size=1, max_size=6)


def test_today_and_yesterday_are_open() -> None:
    assert first_open_day(NOW).isoformat() == "2026-05-19"
    changed = [
        ChangedEnergy(KEY, datetime(2026, 5, day, 4, tzinfo=UTC), EnergyOfHour(5), EnergyOfHour(7))
        for day in (18, 19, 20)
    ]
    [only] = day_changes(changed, NOW)
    assert (only.day.isoformat(), only.allocated, only.unallocated) == (
        "2026-05-18",
        [0, 0, 0, 0, 2] + [0] * 19,
        None,
    )


def test_what_did_not_change_is_no_row() -> None:
    same = EnergyOfHour(5, 1, 2)
    assert day_changes([ChangedEnergy(KEY, START, same, same)], NOW) == []


@given(_HISTORY)
def test_the_answer_as_it_stood_is_what_stood_then(history: list[dict[int, EnergyOfHour]]) -> None:
    """Hours are rewritten again and again; from the last state and the changes since follows each state before."""
    later = START + timedelta(days=30)
    states: list[dict[datetime, EnergyOfHour]] = [{}]
    journal = []
    for rewrite in history:
        before = states[-1]
        after = before | {START + timedelta(hours=n): energy for n, energy in rewrite.items()}
        changed = [ChangedEnergy(KEY, hour, before.get(hour, EnergyOfHour()), after[hour]) for hour in after]
        journal.append(day_changes(changed, later))
        states.append(after)
    for n, state in enumerate(states):
        since = [change for changes in journal[n:] for change in changes]
        found = states[-1] | hours_before(states[-1], since)
        nothing = EnergyOfHour()
        assert {hour: each for hour, each in found.items() if each != nothing} == {
            hour: each for hour, each in state.items() if each != nothing
        }
