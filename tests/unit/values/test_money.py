"""Exact energy and money, rounded once."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.values.currencies import is_currency
from portal.core.values.money import exact_decimals, kwh_from_milliwh, round_money


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("1.0049999", "1.00"), ("3", "3.00")],
)
def test_cents_are_rounded_half_up(amount: str, rounded: str) -> None:
    assert str(round_money(Decimal(amount), "ZAR")) == rounded


@pytest.mark.parametrize(
    ("currency", "rounded"),
    [("ZAR", "10666.68"), ("JPY", "10667"), ("KWD", "10666.676"), ("XYZ", "10666.68")],
)
def test_money_is_rounded_to_the_minor_unit_of_its_currency(currency: str, rounded: str) -> None:
    assert str(round_money(Decimal("10666.6755"), currency)) == rounded


def test_currencies_are_those_that_are_paid_in() -> None:
    assert all(is_currency(code) for code in ("ZAR", "JPY", "KWD", "EUR", "ZWG"))
    assert not any(is_currency(code) for code in ("XAU", "XTS", "ABC", "zar", "", "R"))


def test_amounts_of_any_length_can_be_rounded() -> None:
    assert round_money(Decimal("1" + "0" * 40 + ".005"), "ZAR") == Decimal("1" + "0" * 40 + ".01")


@given(st.integers(-(10**18), 10**18))
def test_milliwatt_hours_become_kwh_exactly(milliwh: int) -> None:
    assert kwh_from_milliwh(milliwh) * 1_000_000 == milliwh


def test_a_lost_digit_is_an_error_not_a_surprise() -> None:
    with exact_decimals(), pytest.raises(Inexact):
        _ = Decimal(1) / Decimal(3)
