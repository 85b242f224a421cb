"""The calculator against calculators of other people, and against days worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.core.tariffs.rules.tariffs import DayType, Holiday, MonthDay, Period, Season, Tariff
from portal.core.values.money import exact_decimals, kwh_from_milliwh, round_money
from tests.unit.cost.oracles import A_YEAR_FROM, a_year_of_loads, bill_of_pysam, two_seasons
from tests.unit.cost.usages import rate_slots
from tests.unit.tariffs.tariff_examples import tariff

HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def cost_of(tariffs: list[Tariff], zone: ZoneInfo, start: datetime, loads_milliwh: list[int]) -> Decimal:
    """Base cost of whole hours from `start` on."""
    total = Decimal(0)
    with exact_decimals():
        for slot in rate_slots(tariffs, zone, start, start + len(loads_milliwh) * HOUR):
            first, last = (slot.start_at - start) // HOUR, (slot.end_at - start) // HOUR
            total += kwh_from_milliwh(sum(loads_milliwh[first:last])) * slot.rate_per_kwh
    return total


def test_a_year_agrees_with_the_utility_rate_model_of_the_national_renewable_energy_laboratory() -> None:
    loads = a_year_of_loads()
    ours = cost_of([two_seasons()], UTC_ZONE, A_YEAR_FROM, loads)
    assert round_money(ours, "ZAR") == round_money(bill_of_pysam(loads), "ZAR")


def test_a_year_of_one_schedule_agrees_with_ts_tariffs() -> None:
    pandas = pytest.importorskip("pandas")
    meters, theirs = pytest.importorskip("ts_tariffs.meters"), pytest.importorskip("ts_tariffs.tariffs")
    loads = a_year_of_loads()
    index = pandas.date_range("2029-01-01", periods=len(loads), freq="h")
    series = pandas.Series([milliwh / 1e6 for milliwh in loads], index=index)
    bins = {
        "time_bins": [7, 17, 20],
        "bin_rates": [1.8004, 2.2287, 3.4366, 1.8004],
        "bin_labels": ["", "", "", ""],
    }
    scheme = theirs.TouTariff("TOU", "TouTariff", "kWh", "dollars / kWh", HOUR, None, bins)
    charge = scheme.apply(meters.MeterData("Main", series, HOUR, "kWh")).total
    ours = tariff(
        Period("Peak", 127, time(17), time(20), Decimal("3.4366")),
        Period("Standard", 127, time(7), time(17), Decimal("2.2287")),
        default_rate_per_kwh=Decimal("1.8004"),
    )
    found = cost_of([ours], UTC_ZONE, datetime(2029, 1, 1, tzinfo=UTC), loads)
    assert round_money(found, "ZAR") == round_money(Decimal(repr(float(charge))), "ZAR")


@pytest.mark.parametrize(
    ("zone", "day", "hours", "night"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23, 1),  # 02:00 to 03:00 does not happen
        ("Europe/Berlin", date(2026, 10, 25), 25, 3),  # 02:00 to 03:00 happens twice
        ("America/Santiago", date(2026, 9, 6), 23, 2),  # the day begins at 01:00
        ("America/Santiago", date(2026, 4, 4), 25, 2),  # 23:00 to 24:00 happens twice
    ],
)
def test_days_on_which_clocks_change_worked_out_by_hand(zone: str, day: date, hours: int, night: int) -> None:
    # 1 kWh an hour; from 01:00 to 03:00 it costs 10, at all other times 1.
    local = ZoneInfo(zone)
    start = datetime.combine(day, time(0), local).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), local).astimezone(UTC)
    assert (end - start) // HOUR == hours
    nightly = tariff(Period("Night", 127, time(1), time(3), Decimal(10)), default_rate_per_kwh=Decimal(1))
    assert cost_of([nightly], local, start, [1_000_000] * hours) == hours - night + 10 * night


def test_leap_day_year_end_and_a_tariff_change_worked_out_by_hand() -> None:
    flat = tariff(periods=(), default_rate_per_kwh=Decimal(1), effective_from=date(2020, 1, 1))
    leap = tariff(
        periods=(),
        id=2,
        effective_from=date(2028, 2, 1),
        default_rate_per_kwh=Decimal(2),
        seasons=(Season("Turn", MonthDay(12, 31), MonthDay(1, 1), Decimal(5)),),
        holidays=(Holiday(date(2028, 2, 29), "Leap day", DayType.SUNDAY),),
    )
    sunday = tariff(
        Period("Sunday", 64, time(0), time(0), Decimal(3)),
        id=2,
        effective_from=date(2028, 2, 1),
        default_rate_per_kwh=Decimal(2),
        holidays=leap.holidays,
    )
    johannesburg = ZoneInfo("Africa/Johannesburg")

    def days(first: date, count: int) -> tuple[datetime, list[int]]:
        return datetime.combine(first, time(0), johannesburg).astimezone(UTC), [1_000_000] * 24 * count

    # 31 January at 1, 1 February at 2.
    assert cost_of([flat, leap], johannesburg, *days(date(2028, 1, 31), 2)) == 24 + 48
    # Monday 28 February at 2, Tuesday the 29th as a Sunday at 3, 1 March at 2.
    assert cost_of([flat, sunday], johannesburg, *days(date(2028, 2, 28), 3)) == 48 + 72 + 48
    # 30 December at 2, 31 December and 1 January at 5, 2 January at 2.
    assert cost_of([flat, leap], johannesburg, *days(date(2028, 12, 30), 4)) == 48 + 240 + 48
