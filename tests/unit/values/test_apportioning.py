"""Rounded tables that add up, with no figure further than a unit from what it is."""

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from portal.core.values.apportioning import apportion, apportion_pairs
from portal.core.values.money import round_unit

CENT = Decimal("0.01")
AMOUNT = st.decimals(-20, 20, places=4, allow_nan=False)


@given(
    st.lists(st.tuples(AMOUNT, AMOUNT), max_size=40), st.sampled_from([CENT, Decimal(1), Decimal("0.001")])
)
@example([(Decimal("0.05"), Decimal("0.97"))] * 10 + [(Decimal(0), Decimal("0.01"))] * 30, Decimal(1))
@example([(Decimal("0.004"), Decimal("0.006"))] * 3, CENT)
def test_every_figure_of_a_table_is_within_a_unit_of_its_exact_value(
    parts: list[tuple[Decimal, Decimal]], unit: Decimal
) -> None:
    bases, vats = (sum((pair[n] for pair in parts), Decimal(0)) for n in (0, 1))
    whole = round_unit(bases + vats, unit)
    base, vat = apportion([bases, vats], whole, unit)
    shown = apportion_pairs(parts, (base, vat), unit)
    assert sum((pair[0] for pair in shown), Decimal(0)) == base
    assert sum((pair[1] for pair in shown), Decimal(0)) == vat
    for exact, each in zip(parts, shown, strict=True):
        assert all(abs(now - was) <= unit for was, now in zip(exact, each, strict=True))
        assert abs(sum(each) - sum(exact)) <= unit


def test_the_sum_of_a_row_was_two_cents_off_where_its_two_were_apportioned_apart() -> None:
    # Each of five lines is R 0.018: one line had R 0.02 and another nothing while base and VAT were rounded alone.
    parts = [(Decimal("0.009"), Decimal("0.009"))] * 5
    shown = apportion_pairs(parts, (Decimal("0.05"), Decimal("0.04")), CENT)
    assert {sum(pair) for pair in shown} <= {Decimal("0.01"), Decimal("0.02")}
    assert [sum(column) for column in zip(*shown, strict=True)] == [Decimal("0.05"), Decimal("0.04")]
