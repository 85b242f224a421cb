"""Tariffs made from others."""

from datetime import date
from decimal import Decimal

import pytest

from portal.core.tariffs.rules.tariff_drafts import next_year
from portal.core.tariffs.rules.tariffs import DayType, Holiday, MonthDay, Season
from tests.unit.tariffs.tariff_examples import OFF_PEAK, PEAK, tariff


@pytest.mark.parametrize(
    ("rate", "percent", "raised"),
    [
        ("2.50", "10", "2.75"),
        ("2.2287", "8.76", "2.4239"),  # 2.42393...; a price list has four decimals
        ("3.4366", "12.74", "3.8744"),
        ("0.12345", "10", "0.1358"),  # 0.135795 in the five decimals it had is 0.13580
        ("0.123456", "10", "0.135802"),
        ("2.5", "-10", "2.25"),
        ("0", "10", "0"),
    ],
)
def test_a_raised_rate_has_four_decimals_or_as_many_as_it_had(rate: str, percent: str, raised: str) -> None:
    copied = next_year(tariff(periods=(), default_rate_per_kwh=Decimal(rate)), Decimal(percent))
    assert str(copied.default_rate_per_kwh) == raised


@pytest.mark.parametrize(("charge", "raised"), [("2321.35", "2524.7"), ("100", "108.76"), ("0.005", "0.005")])
def test_a_raised_charge_is_in_cents(charge: str, raised: str) -> None:
    copied = next_year(tariff(fixed_monthly_charge=Decimal(charge)), Decimal("8.76"))
    assert copied.fixed_monthly_charge == Decimal(raised)


def test_the_copy_is_an_inactive_draft_a_year_later_with_every_rate_raised() -> None:
    season = Season("High", MonthDay(6, 1), MonthDay(8, 31), Decimal(4), (PEAK,))
    first = tariff(
        effective_from=date(2024, 2, 29),
        effective_to=date(2024, 12, 31),
        seasons=(season,),
        holidays=(Holiday(date(2024, 12, 25), "Christmas", DayType.SUNDAY),),
    )
    copied = next_year(first, Decimal(10))
    assert (copied.id, copied.is_active, copied.holidays) == (None, False, ())
    assert (copied.effective_from, copied.effective_to) == (date(2025, 2, 28), date(2025, 12, 31))
    assert [period.rate_per_kwh for period in copied.periods] == [Decimal("4.125"), Decimal("1.32")]
    assert copied.seasons[0].default_rate_per_kwh == Decimal("4.4")
    assert [period.rate_per_kwh for period in copied.seasons[0].periods] == [Decimal("4.125")]
    assert [period.name for period in copied.periods] == [PEAK.name, OFF_PEAK.name]
    assert copied.vat_rate == first.vat_rate


def test_figures_that_do_not_go_up_with_the_prices_say_which_year_they_are_of() -> None:
    first = tariff(not_included="Network demand R 254.76 per kVA; Legacy charge 25.01 c/kWh")
    copied = next_year(first, Decimal(10))
    assert copied.charges_left_out == (
        "Network demand R 254.76 per kVA (2026)",
        "Legacy charge 25.01 c/kWh (2026)",
    )
    assert next_year(copied, Decimal(10)).charges_left_out == copied.charges_left_out
    assert next_year(tariff(), Decimal(10)).not_included is None
