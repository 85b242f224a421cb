"""Prices that somebody should say are right, and no question about those of any published price list."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from portal.core.tariffs.rules.tariff_input import unconfirmed_problems
from portal.core.tariffs.rules.tariff_questions import Doubt, negative_rates, questions
from portal.core.tariffs.rules.tariff_wire import TariffInvalid, tariff_from_wire
from portal.core.tariffs.rules.tariffs import MonthDay, Period, Season, Tariff
from portal.core.tariffs.service.published import presets
from tests.unit.tariffs.tariff_examples import tariff


def day(**rates: str) -> tuple[Period, ...]:
    """Periods one after the other, by their names, at these rates."""
    return tuple(
        Period(name.replace("_", "-"), 127, time(hour), time(hour + 1), Decimal(rate))
        for hour, (name, rate) in enumerate(rates.items())
    )


def asked(*periods: Period, **changes: object) -> list[tuple[str, Doubt]]:
    return [(each.path, each.doubt) for each in questions(tariff(*periods, **changes))]


def test_no_published_price_is_asked_about() -> None:
    found = {(each.tariff.name, each.year): questions(each.tariff) for each in presets()}
    assert len(found) > 20
    assert {name: asked for name, asked in found.items() if asked} == {}


@pytest.mark.parametrize(
    ("rates", "path", "doubt"),
    [
        ({"Standard": "192.35"}, "periods[0].ratePerKwh", Doubt.ODD),
        ({"Peak": "7.797", "Standard": "24.492"}, "periods[1].ratePerKwh", Doubt.ODD),
        ({"Peak": "3.00", "Standard": "9.10"}, "periods[1].ratePerKwh", Doubt.ODD),
        ({"Peak": "3.00", "Off_peak": "0.18549"}, "periods[1].ratePerKwh", Doubt.ODD),
        ({"Peak": "0"}, "periods[0].ratePerKwh", Doubt.ZERO),
        ({"Night": "-0.000001"}, "periods[0].ratePerKwh", Doubt.NEGATIVE),
    ],
)
def test_a_price_unlike_the_others_is_asked_about(rates: dict[str, str], path: str, doubt: Doubt) -> None:
    assert asked(*day(**rates)) == [(path, doubt)]


def test_each_season_is_asked_about_by_itself() -> None:
    winter = Season("High season", MonthDay(6, 1), MonthDay(8, 31), Decimal(0), day(Peak="-1"))
    found = questions(tariff(seasons=(winter,)))
    assert [(each.path, each.doubt) for each in found] == [
        ("seasons[0].defaultRatePerKwh", Doubt.ZERO),
        ("seasons[0].periods[0].ratePerKwh", Doubt.NEGATIVE),
    ]
    assert "Peak in the High season is below zero" in found[1].words


def test_a_price_of_many_periods_is_asked_about_once() -> None:
    twice = (*day(Peak="0"), replace(day(Peak="0")[0], start_time=time(5), end_time=time(6)))
    assert asked(*twice) == [("periods[0].ratePerKwh", Doubt.ZERO)]


def test_other_money_may_be_worth_less_than_rand() -> None:
    assert asked(*day(Peak="31.37"), currency="JPY") == []


def test_holidays_have_a_list_of_their_own() -> None:
    [feast] = day(Feast="0")
    assert asked(replace(feast, days_of_week=128)) == [("holidayPeriods[0].ratePerKwh", Doubt.ZERO)]


def test_rates_below_zero_wait_for_somebody_to_confirm_them() -> None:
    paid = tariff(*day(Night="-0.30", Peak="0"))
    [problem] = unconfirmed_problems(paid, "[2]")
    assert problem.path == "[2].periods[0].ratePerKwh"
    assert "-0.30" in problem.message
    assert [each.doubt for each in negative_rates(paid)] == [Doubt.NEGATIVE]


def wire(**changes: object) -> dict[str, object]:
    return {
        "municipality": "Town",
        "name": "Flat",
        "effectiveFrom": "2026-01-01",
        "defaultRatePerKwh": -0.3,
        "vatRate": 0.15,
        **changes,
    }


def read(**changes: object) -> Tariff:
    return tariff_from_wire(wire(**changes), strict=True)


def test_a_rate_below_zero_is_a_rate() -> None:
    assert read().default_rate_per_kwh == Decimal("-0.3")


def test_an_unknown_currency_is_refused_and_taken_from_a_peer() -> None:
    assert read(currency="KWD").currency == "KWD"
    for code in ("ABC", "XAU"):
        with pytest.raises(TariffInvalid, match=f"there is no currency '{code}'"):
            read(currency=code)
        assert tariff_from_wire(wire(currency=code)).currency == code
