"""Exact energy and money, rounded once."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.values.money import exact_decimals, kwh_from_milliwh, round_cents


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("1.0049999", "1.00"), ("3", "3.00")],
)
def test_cents_are_rounded_half_up(amount: str, rounded: str) -> None:
    assert str(round_cents(Decimal(amount))) == rounded


def test_amounts_of_any_length_can_be_rounded() -> None:
    assert round_cents(Decimal("1" + "0" * 40 + ".005")) == Decimal("1" + "0" * 40 + ".01")


@given(st.integers(-(10**18), 10**18))
def test_milliwatt_hours_become_kwh_exactly(milliwh: int) -> None:
    assert kwh_from_milliwh(milliwh) * 1_000_000 == milliwh


def test_a_lost_digit_is_an_error_not_a_surprise() -> None:
    with exact_decimals(), pytest.raises(Inexact):
        _ = Decimal(1) / Decimal(3)
