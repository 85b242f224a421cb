"""By what a meter is judged, and when readings may be added to it without the judge."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.core.energy.rules.judging import DeclaredReadings, DeclaredSwitch, MeterDecision, SwitchKind
from portal.core.energy.rules.meter_rules import MeterRules, facts_of
from portal.core.values.time import epoch_microseconds

NOON = datetime(2026, 5, 18, 12, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)


def at(minutes: int) -> int:
    return epoch_microseconds(NOON + timedelta(minutes=minutes))


def switch(minutes: int, **more: object) -> DeclaredSwitch:
    return DeclaredSwitch(at=at(minutes), kind=SwitchKind.EXCHANGE, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("unknown", [None, 0, -3.0, float("nan"), float("inf")])
def test_a_rated_power_that_says_nothing_counts_as_unknown(unknown: float | None) -> None:
    rules = MeterRules(TWO_HOURS, facts_of(unknown))
    addable = rules.addable_after(NOON, NOON + timedelta(minutes=1))
    assert addable is not None
    assert addable.watts == 1_000_000


def test_readings_are_added_by_a_quarter_more_than_the_rated_power() -> None:
    addable = MeterRules(TWO_HOURS, facts_of(80.5)).addable_after(NOON, NOON + timedelta(minutes=1))
    assert addable is not None
    assert (addable.watts, addable.slack_milliwh) == (100_625, 2)


def test_a_gap_limit_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="above zero"):
        MeterRules(timedelta(0), facts_of(None))


@pytest.mark.parametrize(
    ("decision", "is_addable"),
    [
        (switch(-5), True),
        (switch(0), True),
        (switch(1), False),
        (switch(60), False),
        (switch(-500, scale=(4, 1)), False),
        (
            DeclaredReadings(from_at=at(-50), to_at=at(0), least_milliwh=0, most_milliwh=9, are_true=False),
            True,
        ),
        (
            DeclaredReadings(from_at=at(-50), to_at=at(2), least_milliwh=0, most_milliwh=9, are_true=False),
            False,
        ),
    ],
)
def test_what_a_person_said_of_readings_is_for_the_judge(decision: MeterDecision, is_addable: bool) -> None:  # noqa: FBT001
    rules = MeterRules(TWO_HOURS, facts_of(None), (decision,))
    assert (rules.addable_after(NOON, NOON + timedelta(minutes=2)) is not None) == is_addable
