"""What is usual, whether a day is, and where a month is heading."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from portal.core.cost.rules.hour_prices import HourPrice, hour_prices
from portal.core.cost.rules.rates import segments
from portal.core.overview.rules.comparison import HowUsual, PricedSite, compare_day
from portal.core.overview.rules.forecast import (
    energy_cost,
    is_full,
    measured_months,
    month_bounds,
    months_before,
    still_to_come,
)
from portal.core.overview.rules.usual import KnownHours, hours_between, hours_of_day, usual_day
from portal.core.tariffs.rules.tariffs import Tariff

ZONE = ZoneInfo("Africa/Johannesburg")
TODAY = date(2026, 11, 26)  # a Thursday
MIDNIGHT = datetime(2026, 11, 26, tzinfo=ZONE).astimezone(UTC)
KWH = 1_000_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Load = Callable[[datetime], int | None]


def of_weekday(hour: datetime) -> int:
    """10 kWh an hour and 20 from 08:00 to 17:00, at weekends 5."""
    local = hour.astimezone(ZONE)
    if local.weekday() > 4:
        return 5 * KWH
    return (20 if 8 <= local.hour < 17 else 10) * KWH


def site(
    load: Load = of_weekday, *, days: int = 150, until: datetime = MIDNIGHT + 14 * HOUR, name: str = "Mill"
) -> PricedSite:
    hours = [hour for hour in hours_between(until - days * DAY, until) if hour + HOUR <= until]
    known = {hour: milliwh for hour in hours if (milliwh := load(hour)) is not None}
    prices = {
        hour: HourPrice(None, Decimal(2), is_priced=True)
        for hour in hours_between(until - days * DAY, until + 40 * DAY)
    }
    return PricedSite(UUID(int=len(name)), name, KnownHours(known), prices)


def test_usual_is_the_median_of_the_last_four() -> None:
    odd = {TODAY - timedelta(weeks=1): 90, TODAY - timedelta(weeks=2): 12}

    def load(hour: datetime) -> int:
        return odd.get(hour.astimezone(ZONE).date(), 10) * KWH

    found = usual_day(site(load).known, TODAY, TODAY, ZONE)
    assert found == dict.fromkeys(range(24), 11 * KWH)


def test_a_day_with_holes_does_not_count_and_two_days_are_too_few() -> None:
    def without(*weeks: int) -> Load:
        gone = {TODAY - timedelta(weeks=week) for week in weeks}
        return lambda hour: None if hour.astimezone(ZONE).date() in gone else 10 * KWH

    assert usual_day(site(without(1)).known, TODAY, TODAY, ZONE) is not None
    assert usual_day(site(without(1, 2)).known, TODAY, TODAY, ZONE) is None


@pytest.mark.parametrize("ahead", range(14))
def test_a_day_to_come_is_like_the_last_four_of_its_weekday(ahead: int) -> None:
    found = usual_day(site().known, TODAY + ahead * DAY, TODAY, ZONE)
    is_weekend = (TODAY + ahead * DAY).weekday() > 4
    assert found is not None
    assert found[9] == (5 if is_weekend else 20) * KWH


def test_days_have_23_to_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    days = (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25))
    assert [len(hours_of_day(day, berlin)) for day in days] == [23, 24, 25]


@pytest.mark.parametrize(
    ("factor", "how"),
    [
        (1.0, HowUsual.NORMAL),
        (1.04, HowUsual.NORMAL),
        (1.1, HowUsual.MORE),
        (0.9, HowUsual.LESS),
        (1.3, HowUsual.MUCH_MORE),
        (0.5, HowUsual.MUCH_LESS),
    ],
)
def test_a_day_is_judged_by_how_far_it_is_off(factor: float, how: HowUsual) -> None:
    def load(hour: datetime) -> int:
        return round(of_weekday(hour) * (factor if hour >= MIDNIGHT else 1))

    found = compare_day([site(load)], TODAY, MIDNIGHT + 14 * HOUR, ZONE)
    assert found.how is how
    assert found.more_cost == Decimal(found.more_milliwh) / KWH * 2


@pytest.mark.parametrize(
    ("hours", "how"), [(0, HowUsual.TOO_EARLY), (2, HowUsual.TOO_EARLY), (3, HowUsual.NORMAL)]
)
def test_nothing_is_said_before_there_is_enough(hours: int, how: HowUsual) -> None:
    at = MIDNIGHT + hours * HOUR + timedelta(minutes=50)
    assert compare_day([site(until=at)], TODAY, at, ZONE).how is how


def test_a_site_without_enough_days_is_in_no_comparison() -> None:
    old, new = site(), site(days=10, name="New mill")
    found = compare_day([old, new], TODAY, MIDNIGHT + 14 * HOUR, ZONE)
    assert (found.how, found.left_out) == (HowUsual.NORMAL, ("New mill",))
    assert compare_day([new], TODAY, MIDNIGHT + 14 * HOUR, ZONE).how is HowUsual.TOO_FEW


def test_a_site_that_is_silent_is_not_taken_for_one_that_uses_nothing() -> None:
    silent = site(lambda hour: None if hour >= MIDNIGHT + 8 * HOUR else of_weekday(hour), name="Silent")
    found = compare_day([site(), silent], TODAY, MIDNIGHT + 14 * HOUR, ZONE)
    assert (found.how, found.left_out) == (HowUsual.NORMAL, ("Silent",))
    assert found.usual_milliwh[MIDNIGHT + 7 * HOUR] == 20 * KWH
    assert found.usual_milliwh[MIDNIGHT + 10 * HOUR] == 20 * KWH
    assert found.usual_milliwh[MIDNIGHT + 15 * HOUR] == 40 * KWH


def test_the_cause_is_the_site_and_the_hours_of_most_of_the_difference() -> None:
    def load(hour: datetime) -> int:
        extra = 15 * KWH if MIDNIGHT + 9 * HOUR <= hour < MIDNIGHT + 12 * HOUR else 0
        return of_weekday(hour) + extra

    found = compare_day([site(), site(load, name="Cold store")], TODAY, MIDNIGHT + 14 * HOUR, ZONE)
    assert found.cause is not None
    assert found.cause.site_name == "Cold store"
    assert (found.cause.from_at, found.cause.to_at) == (MIDNIGHT + 9 * HOUR, MIDNIGHT + 12 * HOUR)


def test_a_load_that_repeats_itself_is_forecast_to_the_last_cent() -> None:
    now = MIDNIGHT + 14 * HOUR
    _, end = month_bounds(TODAY, ZONE)
    found, unknown = still_to_come([site(until=now)], now, end, ZONE)
    expected = sum(of_weekday(hour) for hour in hours_between(now, end))
    assert (found, unknown) == (Decimal(expected) / KWH * 2, ())


def test_the_running_hour_counts_in_part() -> None:
    now = MIDNIGHT + 14 * HOUR + timedelta(minutes=30)
    found, _ = still_to_come([site(until=now)], now, MIDNIGHT + 15 * HOUR, ZONE)
    assert found == Decimal(20)


def test_the_error_of_a_forecast_is_measured_in_months_that_are_known() -> None:
    now = MIDNIGHT + 14 * HOUR
    steady = measured_months([site(until=now)], now, ZONE)
    assert [each.month for each in steady] == [date(2026, 10, 1), date(2026, 9, 1), date(2026, 8, 1)]
    assert all(abs(each.error) < 1e-9 for each in steady)

    def rising(hour: datetime) -> int:
        return of_weekday(hour) * (2 if hour >= datetime(2026, 10, 28, tzinfo=ZONE) else 1)

    [october, *_] = measured_months([site(rising, until=now)], now, ZONE)
    assert october.error < -0.05


def test_a_month_with_a_hole_is_not_measured_nor_compared_with() -> None:
    def load(hour: datetime) -> int | None:
        return None if hour.astimezone(ZONE).date() == date(2026, 10, 10) else of_weekday(hour)

    holed = [site(load)]
    assert not is_full(holed, date(2026, 10, 1), ZONE)
    assert is_full(holed, date(2026, 9, 1), ZONE)
    months = [each.month for each in measured_months(holed, MIDNIGHT + 14 * HOUR, ZONE)]
    assert months == [date(2026, 9, 1), date(2026, 8, 1)]


def test_what_a_month_cost() -> None:
    begin, end = month_bounds(date(2026, 10, 5), ZONE)
    energy = sum(of_weekday(hour) for hour in hours_between(begin, end))
    assert energy_cost([site()], begin, end) == Decimal(energy) / KWH * 2
    assert months_before(date(2026, 1, 31), 2) == [date(2025, 12, 1), date(2025, 11, 1)]


def test_an_hour_costs_what_its_parts_do() -> None:
    tariff = Tariff(
        id=1,
        name="T",
        effective_from=date(2026, 1, 1),
        effective_to=None,
        default_rate_per_kwh=Decimal(1),
        fixed_monthly_charge=Decimal(0),
        vat_rate=Decimal("0.15"),
        is_active=True,
        periods=(),
    )
    found = hour_prices(segments([tariff], ZONE, MIDNIGHT, MIDNIGHT + 2 * HOUR, ZONE))
    assert found == dict.fromkeys(
        (MIDNIGHT, MIDNIGHT + HOUR), HourPrice(None, Decimal("1.15"), is_priced=True)
    )
    bare = hour_prices(segments([], ZONE, MIDNIGHT, MIDNIGHT + HOUR, ZONE))
    assert not bare[MIDNIGHT].is_priced
