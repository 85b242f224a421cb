"""One rounding between numbers and stored integers, held against decimal arithmetic on texts."""

from __future__ import annotations

import json
import math
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, IntegerWidth, Quantity
from portal.core.readings.rules.scaling import QUICK_LIMITS, DoesNotFit, from_stored, to_stored

quantities = st.sampled_from(ALL_QUANTITIES)
EXAMPLES = settings(max_examples=300, deadline=None)


def reference(quantity: Quantity, value: float) -> int:
    return int((Decimal(repr(value)) * quantity.scale).quantize(Decimal(1), ROUND_HALF_EVEN))


@st.composite
def fitting(draw: st.DrawFn) -> tuple[Quantity, float]:
    """Numbers that fit: any double, texts of few digits, and the middles between two steps with what is beside them."""
    quantity = draw(quantities)
    steps = draw(st.integers(quantity.least + 1, quantity.most - 1) | st.integers(-1000, 1000))
    kind = draw(st.sampled_from(("any", "digits", "middle", "beside")))
    bound = float(quantity.most - 1) / quantity.scale
    if kind == "any":
        return quantity, draw(st.floats(-bound, bound))
    digits = draw(st.integers(0, 999)) if kind == "digits" else 500
    value = float(Decimal(steps * 1000 + digits).scaleb(-3 - quantity.decimals))
    if kind == "beside":
        value = math.nextafter(value, draw(st.sampled_from((-math.inf, math.inf))))
    return quantity, value


@EXAMPLES
@given(fitting())
@example((QUANTITY_OF["voltage_v"], 0.575))  # times 100 it is 57.49999999999999
@example((QUANTITY_OF["voltage_v"], 2.675))  # as a double a little less than its text
@example((QUANTITY_OF["voltage_v"], 0.285))
@example((QUANTITY_OF["energy_imported_kwh"], 2251799813.685247))
@example((QUANTITY_OF["active_power_kw"], -0.0))
@example((QUANTITY_OF["active_power_kw"], 5e-324))
def test_a_number_is_rounded_by_its_text(case: tuple[Quantity, float]) -> None:
    quantity, value = case
    stored = to_stored(quantity, value)
    assert stored == reference(quantity, value)
    back = from_stored(quantity, stored)
    half = Decimal(1).scaleb(-quantity.decimals) / 2
    assert abs(Decimal(repr(back)) - Decimal(repr(value))) <= half


@EXAMPLES
@given(st.data(), quantities)
def test_what_is_read_back_is_stored_as_the_same_integer_again(
    data: st.DataObject, quantity: Quantity
) -> None:
    edges = st.integers(quantity.most - 1000, quantity.most) | st.integers(
        quantity.least, quantity.least + 1000
    )
    stored = data.draw(st.integers(quantity.least, quantity.most) | edges)
    back = from_stored(quantity, stored)
    assert Decimal(repr(back)) == Decimal(stored).scaleb(-quantity.decimals)
    for sent in (back, json.loads(json.dumps(back)), msgspec.json.decode(msgspec.json.encode(back))):
        assert to_stored(quantity, sent) == stored


@EXAMPLES
@given(quantities, st.floats(allow_nan=False, allow_infinity=False))
def test_what_does_not_fit_is_refused_by_its_name(quantity: Quantity, value: float) -> None:
    if quantity.least <= reference_of_any(quantity, value) <= quantity.most:
        to_stored(quantity, value)
        return
    with pytest.raises(DoesNotFit, match=rf"^{quantity.wire_name}: .* does not fit, "):
        to_stored(quantity, value)


def reference_of_any(quantity: Quantity, value: float) -> int:
    numerator, denominator = (Decimal(repr(value)) * quantity.scale).as_integer_ratio()
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))


@pytest.mark.parametrize("quantity", ALL_QUANTITIES, ids=lambda each: each.name)
def test_the_last_that_fits_fits_and_the_next_does_not(quantity: Quantity) -> None:
    for last, outwards in ((quantity.most, 1), (quantity.least, -1)):
        within = Decimal(last).scaleb(-quantity.decimals)
        assert to_stored(quantity, float(within)) == last
        step = Decimal(outwards).scaleb(-quantity.decimals)
        with pytest.raises(DoesNotFit):
            to_stored(quantity, float(within + step))


def test_a_refusal_says_what_could_be_stored() -> None:
    with pytest.raises(DoesNotFit) as refused:
        to_stored(QUANTITY_OF["active_power_kw"], 300_000.0)
    assert str(refused.value) == (
        "activePowerKw: 300000.0 does not fit, -214748.3648 to 214748.3647 can be stored"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    for quantity in ALL_QUANTITIES:
        with pytest.raises(DoesNotFit, match=f"^{quantity.wire_name}: not a finite number$"):
            to_stored(quantity, value)


def test_a_register_keeps_a_thousandth_of_a_watt_hour_up_to_its_end() -> None:
    register = QUANTITY_OF["energy_imported_kwh"]
    assert to_stored(register, 2249999999.999999) == 2_249_999_999_999_999
    assert from_stored(register, 2_249_999_999_999_999) == 2249999999.999999


@pytest.mark.parametrize("width", IntegerWidth)
def test_the_quick_way_is_taken_where_it_is_sure(width: IntegerWidth) -> None:
    """A double and its product are off by less than the product by 2**52 together."""
    limit = QUICK_LIMITS[width]
    assert Decimal(limit.product) / 2**52 + Decimal(limit.distance) < Decimal("0.5")
