"""Which editions a Client may want, and what one would change there."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from uuid import UUID

import pytest

from portal.core.tariffs.rules.editions import (
    Edition,
    differences,
    is_meant_for,
    library_stamp,
    replaced_by,
    same_municipality,
    same_series,
)
from portal.core.tariffs.rules.tariffs import DayType, Holiday, Period, Tariff

_PEAK = Period("Peak", 31, time(17), time(20), Decimal("3.75"))
OLD = Tariff(
    name="Business TOU 2025/26",
    municipality="Example City",
    effective_from=date(2025, 7, 1),
    effective_to=date(2026, 6, 30),
    default_rate_per_kwh=Decimal("2.50"),
    fixed_monthly_charge=Decimal(100),
    vat_rate=Decimal("0.15"),
    is_active=True,
    periods=(_PEAK,),
)
NEW = replace(
    OLD,
    name="Business TOU 2026/27",
    effective_from=date(2026, 7, 1),
    effective_to=None,
    default_rate_per_kwh=Decimal("2.75"),
    periods=(replace(_PEAK, rate_per_kwh=Decimal("4.50")),),
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Business TOU 2025/26", "Business TOU 2026/27", True),
        ("Business TOU (2025)", "business  tou 2026-2027", True),
        ("Business TOU", "Business TOU 2026/27", True),
        ("Business TOU 2026/27", "Domestic 2026/27", False),
        ("Tariff 60 A", "Tariff 80 A", False),
    ],
)
def test_a_series_is_known_by_its_name_without_the_year(one: str, other: str, *, same: bool) -> None:
    assert same_series(one, other) is same


def test_a_municipality_is_known_whatever_its_capitals_and_blanks() -> None:
    assert same_municipality("City of  Cape Town", "city of cape town ")
    assert not same_municipality("Cape Town", "City of Cape Town")


def test_what_changes_is_told_with_how_much() -> None:
    found = {each.label: each for each in differences(OLD, NEW)}
    assert set(found) == {"default rate", "Peak"}
    rate = found["default rate"]
    assert (rate.before, rate.after, rate.share) == ("2.5", "2.75", Decimal("0.1"))
    assert found["Peak"].share == Decimal("0.2")


def test_another_week_is_told_period_by_period() -> None:
    later = replace(_PEAK, start_time=time(18), end_time=time(21))
    found = {
        each.label: (each.before, each.after) for each in differences(OLD, replace(NEW, periods=(later,)))
    }
    assert found["Peak Mon Tue Wed Thu Fri 17:00-20:00"] == ("3.75", "none")
    assert found["Peak Mon Tue Wed Thu Fri 18:00-21:00"] == ("none", "3.75")
    # One name with two prices is no price of the list.
    two = (_PEAK, replace(_PEAK, start_time=time(6), end_time=time(8), rate_per_kwh=Decimal(3)))
    same_name = differences(OLD, replace(NEW, periods=two))
    assert any("06:00-08:00" in each.label for each in same_name)
    holidays = (Holiday(date(2026, 12, 25), "Christmas", DayType.SUNDAY),)
    [days] = [each for each in differences(OLD, replace(OLD, holidays=holidays)) if "holidays" in each.label]
    assert (days.before, days.after) == ("none", "1 dates")


def test_without_one_before_everything_is_told() -> None:
    assert all(each.before == "none" and each.share is None for each in differences(None, NEW))


def test_an_edition_replaces_the_one_in_force_on_its_first_day_or_the_day_before() -> None:
    assert replaced_by(NEW, [OLD]) == OLD
    assert replaced_by(NEW, [replace(OLD, effective_to=None)]) == replace(OLD, effective_to=None)
    assert replaced_by(NEW, [OLD, replace(NEW, default_rate_per_kwh=Decimal(9))]) == replace(
        NEW, default_rate_per_kwh=Decimal(9)
    )
    assert replaced_by(NEW, [replace(OLD, is_active=False)]) is None


def test_an_edition_is_meant_for_who_has_its_series_or_nothing_and_no_choice() -> None:
    other = replace(NEW, name="Domestic 2026/27")
    assert is_meant_for(NEW, [OLD], [other])
    assert not is_meant_for(other, [OLD], [NEW])
    assert is_meant_for(NEW, [], [])
    assert not is_meant_for(NEW, [], [other])


def test_a_stamp_says_what_is_held_whatever_its_order() -> None:
    first, second = UUID(int=1), UUID(int=2)
    assert library_stamp([(first, "a"), (second, "b")]) == library_stamp([(second, "b"), (first, "a")])
    assert len({library_stamp(each) for each in ([], [(first, "a")], [(first, "b")], [(second, "a")])}) == 4


def test_a_version_is_what_an_edition_says() -> None:
    edition = Edition(UUID(int=1), "Example City", "Africa/Johannesburg", "", NEW)
    assert edition.version == replace(edition, id=UUID(int=2)).version
    assert edition.version != replace(edition, source="Gazette 12").version
    assert edition.version != replace(edition, tariff=OLD).version
