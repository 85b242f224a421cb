"""Which days some days are compared with, and what is said of them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portal.core.cost.rules.cost import FixedCost
from portal.features.cost.comparison import build_comparison, days_before
from portal.ui.range_picker import DayRange
from tests.unit.cost.report_examples import MONDAY, NOTHING_USED

REPORT = replace(
    NOTHING_USED,
    to_at=MONDAY + timedelta(days=7),
    total_kwh=Decimal(110),
    base_cost=Decimal(200),
    vat=Decimal(30),
    total=Decimal(230),
)
EARLIER = DayRange(date(2026, 5, 11), date(2026, 5, 17))
FIXED = FixedCost(date(2026, 5, 1), date(2026, 5, 31), "Mill", "TOU", Decimal(100), Decimal(15), Decimal(115))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 5, 18), date(2026, 5, 24), (date(2026, 5, 11), date(2026, 5, 17))),
        (date(2026, 5, 18), date(2026, 5, 18), (date(2026, 5, 17), date(2026, 5, 17))),
        (date(2026, 5, 1), date(2026, 5, 18), (date(2026, 4, 1), date(2026, 4, 18))),
        (date(2026, 5, 1), date(2026, 5, 31), (date(2026, 4, 1), date(2026, 4, 30))),
        (date(2026, 3, 1), date(2026, 3, 30), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), date(2026, 1, 31), (date(2025, 12, 1), date(2025, 12, 31))),
        (date(2026, 1, 1), date(2026, 2, 28), (date(2025, 11, 3), date(2025, 12, 31))),
    ],
)
def test_days_are_compared_with_the_same_days_before(
    first: date, last: date, expected: tuple[date, date]
) -> None:
    assert days_before(DayRange(first, last)) == DayRange(*expected)


def test_energy_and_cost_are_compared_each() -> None:
    before = replace(REPORT, total_kwh=Decimal(100), total=Decimal(460))
    energy, cost = build_comparison(REPORT, before, EARLIER, is_running=False)
    assert energy == "10\u00a0% more than 11 \u2013 17 May"
    assert cost == "50\u00a0% less than 11 \u2013 17 May"


def test_days_that_are_not_over_are_compared_up_to_the_same_time() -> None:
    energy, _ = build_comparison(REPORT, REPORT, EARLIER, is_running=True)
    assert energy == "about the same as 11 \u2013 17 May by now"


def test_nothing_is_said_of_days_without_energy() -> None:
    before = replace(REPORT, total_kwh=Decimal(0), total=Decimal(0))
    assert build_comparison(REPORT, before, EARLIER, is_running=False) == ("", "")


def test_money_of_two_currencies_is_not_compared() -> None:
    _, cost = build_comparison(REPORT, replace(REPORT, currency="EUR"), EARLIER, is_running=False)
    assert cost == ""


def test_each_days_part_of_the_fixed_charges_is_compared_as_well() -> None:
    before = replace(REPORT, total=Decimal(115))
    _, cost = build_comparison(replace(REPORT, fixed=(FIXED,)), before, EARLIER, is_running=False)
    assert cost == "200\u00a0% more than 11 \u2013 17 May"
