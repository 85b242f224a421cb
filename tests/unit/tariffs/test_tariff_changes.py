"""What the audit trail says of a tariff: which, and what was changed of it."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

from portal.core.tariffs.rules.tariff_changes import tariff_change_in_words, title_of
from portal.core.tariffs.rules.tariffs import (
    ANY_DAY,
    HOLIDAY_BIT,
    DayType,
    Holiday,
    MonthDay,
    Period,
    Season,
    Tariff,
)

PEAK = Period("Peak", 31, time(17), time(20), Decimal("4.00"))
WINTER = Season("High season", MonthDay(6, 1), MonthDay(8, 31), Decimal("3.10"), (PEAK,))
TARIFF = Tariff(
    id=7, municipality_id=1, name="Domestic", effective_from=date(2026, 1, 1), effective_to=None,
    default_rate_per_kwh=Decimal("2.50"), fixed_monthly_charge=Decimal("1E+2"), vat_rate=Decimal("0.155"),
    is_active=True, seasons=(WINTER,), holidays=(Holiday(date(2026, 4, 27), "Freedom Day", DayType.SUNDAY),),
)  # fmt: skip
HERE = "Example City"


def _words(after: Tariff, municipality: str = HERE) -> str:
    return tariff_change_in_words((TARIFF, HERE), (after, municipality))


def test_which_tariff_it_is() -> None:
    assert title_of(TARIFF, HERE) == "Domestic of Example City from 2026-01-01"
    assert len(title_of(replace(TARIFF, name="n" * 200), "m" * 200)) <= 254


def test_a_new_tariff_is_told_whole() -> None:
    told = (
        "name: Domestic; municipality: Example City; from: 2026-01-01; default rate: 2.5; fixed monthly charge: 100; "
        "VAT: 15.5 %; active: yes; High season: 06-01 to 08-31; High season, default rate: 3.1; "
        "High season, Peak Mon Tue Wed Thu Fri 17:00-20:00: 4; holiday 2026-04-27: Freedom Day, as a sunday"
    )
    assert tariff_change_in_words(None, (TARIFF, HERE)) == told
    assert tariff_change_in_words((TARIFF, HERE), None) == told


def test_each_part_that_differs_is_told_with_both() -> None:
    assert _words(TARIFF) == ""
    assert _words(TARIFF, "New Town") == "municipality: Example City → New Town"
    longer = replace(WINTER, last_day=MonthDay(9, 30), periods=(replace(PEAK, rate_per_kwh=Decimal(5)),))
    assert _words(replace(TARIFF, seasons=(longer,), currency="EUR")) == (
        "currency: none → EUR; High season: 06-01 to 08-31 → 06-01 to 09-30; "
        "High season, Peak Mon Tue Wed Thu Fri 17:00-20:00: 4 → 5"
    )
    as_saturday = replace(TARIFF.holidays[0], day_type=DayType.SATURDAY)
    assert _words(replace(TARIFF, holidays=(as_saturday,), seasons=())) == (
        "High season: 06-01 to 08-31 → none; High season, default rate: 3.1 → none; "
        "High season, Peak Mon Tue Wed Thu Fri 17:00-20:00: 4 → none; "
        "holiday 2026-04-27: Freedom Day, as a sunday → Freedom Day, as a saturday"
    )


def test_days_are_named() -> None:
    masks = (127, ANY_DAY, HOLIDAY_BIT, 65 | HOLIDAY_BIT)
    periods = tuple(Period(f"P{mask}", mask, time(0), time(1), Decimal(1)) for mask in masks)
    assert _words(replace(TARIFF, periods=periods)) == (
        "P127 daily 00:00-01:00: none → 1; P255 daily and on holidays 00:00-01:00: none → 1; "
        "P128 holidays 00:00-01:00: none → 1; P193 Mon Sun holidays 00:00-01:00: none → 1"
    )


def test_seasons_of_one_name_are_told_apart() -> None:
    dear, cheap = (
        replace(WINTER, periods=()),
        Season("High season", MonthDay(1, 1), MonthDay(1, 31), Decimal(3)),
    )
    before = replace(TARIFF, seasons=(dear, cheap))
    after = replace(before, seasons=(replace(dear, default_rate_per_kwh=Decimal(9)), cheap))
    told = tariff_change_in_words((before, HERE), (after, HERE))
    assert told == "High season, default rate: 3.1 → 9"
    assert "High season (2): 01-01 to 01-31; High season, default rate (2): 3" in _told_whole(before)


def test_a_season_that_is_called_like_a_field_hides_nothing() -> None:
    before = replace(TARIFF, seasons=(replace(WINTER, name="currency"),))
    assert (
        tariff_change_in_words((before, HERE), (replace(before, currency="EUR"), HERE))
        == "currency: none → EUR"
    )


def _told_whole(tariff: Tariff) -> str:
    return tariff_change_in_words(None, (tariff, HERE))
