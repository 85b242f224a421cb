"""Decimals from outside: exact, bounded, and never more work than there are characters."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import Invalid
from portal.core.sites.rules.rated_power import rated_kw
from portal.core.tariffs.rules.tariff_wire import read_tariffs
from portal.core.values.json_text import exact_json
from portal.core.values.numbers import MOST_PLACES, exact_number, is_sound

TARIFF = """[{"municipality": "A", "name": "T", "effectiveFrom": "2026-01-01", "vatRate": 0.15,
    "defaultRatePerKwh": %s, "periods": []}]"""
ENORMOUS = (
    "1e-999999999",
    "1e999999999",
    "-1e-100000",
    "0e-999999999",
    "9" * 1_000_000,
    "0." + "1" * 1_000_000,
)


def named(value: object) -> str:
    return str(value)[:16] if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize(
    "value",
    [*ENORMOUS, "NaN", "inf", "1_0", "٣", "0x1", "", ".", "1.2.3", "1,5", None, True, [], 10**4000],
    ids=named,
)
def test_what_is_no_figure_is_refused_in_few_words(value: object) -> None:
    with pytest.raises(ValueError, match="not a number") as refused:
        exact_number(value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", ENORMOUS, ids=named)
def test_a_decimal_that_somebody_else_has_read_is_judged_without_writing_it_out(text: str) -> None:
    assert not is_sound(Decimal(text))
    with pytest.raises(ValueError, match="not a number"):
        exact_number(Decimal(text))


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
    | st.integers(-(10**MOST_PLACES) + 1, 10**MOST_PLACES - 1)
)
def test_every_figure_of_a_price_list_is_kept_exactly(value: Decimal | int) -> None:
    assert exact_number(str(value)) == exact_number(value) == value


def test_floats_are_taken_by_their_shortest_text() -> None:
    assert str(exact_number(0.1)) == "0.1"
    assert exact_number(" 2.50 ") == exact_number("25e-1") == Decimal("2.5")


@pytest.mark.parametrize("number", ["1e-999999999", "1E+999999999", '"1e-999999999"'])
def test_a_tariff_with_an_enormous_rate_is_refused_by_its_path(number: str) -> None:
    _, problems = read_tariffs(exact_json(TARIFF % number))
    assert [path for path, _ in problems] == ["[0].defaultRatePerKwh"]


@pytest.mark.parametrize("number", ["9" * 1_000_000, "1." + "3" * 1_000_000], ids=named)
def test_a_file_with_an_endless_number_is_refused_as_json(number: str) -> None:
    with pytest.raises(ValueError, match="60 are the most"):
        exact_json(TARIFF % number)


def test_a_file_that_is_nested_without_end_is_refused_as_json() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        exact_json("[" * 100_000)


@pytest.mark.parametrize("value", [0, -1, "0.0004", "1e-999999999", 999_999_999, "NaN", "x"])
def test_a_rated_power_no_column_holds_is_refused(value: object) -> None:
    with pytest.raises(Invalid, match="rated power"):
        rated_kw(value)


def test_a_rated_power_is_kept_to_the_watt() -> None:
    assert str(rated_kw("99.5")) == "99.500"
