"""Which tariff and which rate apply, and what makes a tariff unsound."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.tariffs.rules.tariff_problems import problems
from portal.core.tariffs.rules.tariffs import Period, active_tariff
from tests.unit.tariffs.tariff_examples import OFF_PEAK, PEAK, rate_at, tariff

MONDAY = date(2026, 5, 18)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Local wall-clock time; day 0 is a Monday."""
    return datetime.combine(MONDAY + timedelta(days=day), time(hour, minute))


def period(days: int, start: str, end: str, name: str = "P", rate: str = "9") -> Period:
    return Period(name, days, time.fromisoformat(start), time.fromisoformat(end), Decimal(rate))


@pytest.mark.parametrize(
    ("when", "name"),
    [
        (local(0, 16, 59), None),
        (local(0, 17), "Peak"),
        (local(0, 19, 59), "Peak"),
        (local(0, 20), None),
        (local(4, 17), "Peak"),
        (local(5, 17), "Off-Peak"),
        (local(6, 23, 59), "Off-Peak"),
        (local(7, 0), None),
    ],
)
def test_periods_are_half_open_on_their_days(when: datetime, name: str | None) -> None:
    rate = rate_at(tariff(), when)
    assert rate.period_name == name
    assert (
        rate.rate_per_kwh
        == {None: Decimal("2.50"), "Peak": Decimal("3.75"), "Off-Peak": Decimal("1.20")}[name]
    )


@pytest.mark.parametrize("end", ["00:00", "23:59"])
def test_midnight_and_its_minute_before_both_end_the_day(end: str) -> None:
    evening = tariff(period(1, "22:00", end))
    assert rate_at(evening, local(0, 23, 59)).period_name == "P"
    assert rate_at(evening, local(1, 0)).period_name is None
    assert rate_at(evening, local(0, 0)).period_name is None


def test_a_period_that_wraps_midnight_belongs_to_the_day_it_starts_on() -> None:
    night = tariff(period(64, "22:00", "06:00"))  # Sundays
    assert rate_at(night, local(6, 22)).period_name == "P"
    assert rate_at(night, local(7, 5, 59)).period_name == "P"  # Monday morning
    assert rate_at(night, local(7, 6)).period_name is None
    assert rate_at(night, local(6, 5)).period_name is None  # Sunday morning belongs to Saturday's night
    assert rate_at(night, local(0, 22)).period_name is None


def test_the_active_tariff_is_the_latest_that_covers_the_local_date() -> None:
    old = tariff(id=1, effective_from=date(2025, 7, 1), effective_to=date(2026, 6, 30))
    new = tariff(id=2, effective_from=date(2026, 5, 1))
    switched_off = tariff(id=3, effective_from=date(2026, 5, 10), is_active=False)
    for order in ([old, new, switched_off], [switched_off, new, old]):
        assert active_tariff(order, date(2026, 4, 30)) == old
        assert active_tariff(order, date(2026, 5, 1)) == new
        assert active_tariff(order, date(2026, 5, 18)) == new
        assert active_tariff(order, date(2025, 6, 30)) is None
    assert active_tariff([old], date(2026, 6, 30)) == old
    assert active_tariff([old], date(2026, 7, 1)) is None


def test_two_tariffs_of_one_day_are_told_apart_whatever_their_order() -> None:
    first, second = tariff(id=4), tariff(id=9)
    assert active_tariff([first, second], MONDAY) == active_tariff([second, first], MONDAY) == second


def test_a_sound_tariff_has_no_problems() -> None:
    assert problems(tariff()) == []
    assert problems(tariff(period(127, "00:00", "00:00"))) == []
    assert (
        problems(tariff(period(127, "22:00", "06:00", "Night"), period(127, "06:00", "22:00", "Day"))) == []
    )
    assert problems(tariff(effective_to=date(2026, 1, 1))) == []


def test_every_problem_is_found_at_once() -> None:
    bad = tariff(
        period(0, "08:00", "09:00", "No days"),
        period(1, "08:00", "08:00", "No length"),
        period(1, "10:00", "11:00", " ", "-1e6"),
        PEAK,
        period(1, "18:00", "19:00", "Evening"),
        name=" ",
        effective_to=date(2025, 12, 31),
        default_rate_per_kwh=Decimal("0.0000001"),
        fixed_monthly_charge=Decimal("NaN"),
        vat_rate=Decimal(15),
        currency="Rand",
    )
    assert [problem.path for problem in problems(bad)] == [
        "name",
        "effectiveTo",
        "defaultRatePerKwh",
        "fixedMonthlyCharge",
        "vatRate",
        "currency",
        "periods[0].daysOfWeek",
        "periods[1].endTime",
        "periods[2].name",
        "periods[2].ratePerKwh",
        "periods[4]",
    ]


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        (("Peak", 31, "17:00", "20:00"), ("Evening", 16, "19:00", "21:00"), "Friday at 19:00"),
        (("Night", 64, "22:00", "06:00"), ("Early", 1, "05:00", "07:00"), "Monday at 05:00"),
        (("Early", 1, "05:00", "07:00"), ("Night", 64, "22:00", "06:00"), "Monday at 05:00"),
        (("Day", 4, "00:00", "23:59"), ("Minute", 4, "23:59", "00:00"), "Wednesday at 23:59"),
        (("Same", 1, "08:00", "09:00"), ("Same", 3, "08:00", "09:00"), "Monday at 08:00"),
    ],
)
def test_overlaps_name_both_periods_and_the_moment(first: tuple, second: tuple, where: str) -> None:
    overlapping = tariff(*(period(days, start, end, name) for name, days, start, end in (first, second)))
    (problem,) = problems(overlapping)
    assert problem.path == "periods[1]"
    assert first[0] in problem.message
    assert second[0] in problem.message
    assert where in problem.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((31, "17:00", "20:00"), (31, "20:00", "22:00")),
        ((31, "17:00", "20:00"), (96, "17:00", "20:00")),
        ((64, "22:00", "06:00"), (64, "05:00", "07:00")),  # the night reaches into Monday, not Sunday morning
        ((1, "22:00", "00:00"), (2, "00:00", "06:00")),
    ],
)
def test_neighbours_do_not_overlap(first: tuple, second: tuple) -> None:
    assert problems(tariff(period(*first, "A"), period(*second, "B"))) == []


_TIMES = st.integers(0, 1439).map(lambda minute: time(*divmod(minute, 60)))


@given(st.lists(st.tuples(st.integers(1, 127), _TIMES, _TIMES), min_size=2, max_size=3))
@settings(max_examples=60, deadline=None)
def test_periods_overlap_exactly_when_two_of_them_apply_to_one_minute(shapes: list) -> None:
    periods = [Period(f"P{n}", days, start, end, Decimal(1)) for n, (days, start, end) in enumerate(shapes)]
    if any(item.start_time == item.end_time != time(0) for item in periods):
        return
    singles = [tariff(item) for item in periods]
    # What applies can only change where a period starts or ends, so those minutes of the week are enough.
    edges = {edge for item in periods for edge in (item.start_time, item.end_time, time(0))}
    minutes = [local(day, edge.hour, edge.minute) for day in range(7) for edge in edges]
    doubled = any(sum(rate_at(one, when).period_name is not None for one in singles) > 1 for when in minutes)
    assert bool(problems(tariff(*periods))) == doubled


def test_rates_have_the_decimals_and_size_a_column_keeps() -> None:
    assert problems(tariff(default_rate_per_kwh=Decimal("1.234567"))) == []
    assert [p.path for p in problems(tariff(default_rate_per_kwh=Decimal("1.2345678")))] == [
        "defaultRatePerKwh"
    ]
    assert [p.path for p in problems(tariff(default_rate_per_kwh=Decimal(1_000_000)))] == [
        "defaultRatePerKwh"
    ]
    assert problems(tariff(vat_rate=Decimal(1))) == problems(tariff(vat_rate=Decimal(0))) == []


def test_examples_are_what_the_specification_says() -> None:
    assert (PEAK.days_of_week, OFF_PEAK.days_of_week) == (1 + 2 + 4 + 8 + 16, 32 + 64)
