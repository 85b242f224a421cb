"""A device's rated power, from its current transformers and voltage."""

from decimal import Decimal

import pytest

from portal.core.errors import Invalid
from portal.core.sites.rules.rated_power import rated_kw_given, rated_kw_of


@pytest.mark.parametrize(
    ("current", "voltage", "kw"),
    [
        (100, 400, "69.282"),  # 1.7320508 x 400 x 100 = 69,282 W
        ("5", "230", "1.992"),
        (Decimal(1000), 11_000, "19052.559"),
        (0.5, 400, "0.346"),
    ],
)
def test_three_phases_at_the_primary_current(current: object, voltage: object, kw: str) -> None:
    assert rated_kw_of(current, voltage) == Decimal(kw)


@pytest.mark.parametrize(("current", "voltage"), [(0, 400), (100, 0), (-5, 400), (None, 400), ("many", 400)])
def test_both_are_numbers_above_zero(current: object, voltage: object) -> None:
    with pytest.raises(Invalid, match="above zero"):
        rated_kw_of(current, voltage)


def test_a_power_out_of_bounds_is_refused() -> None:
    with pytest.raises(Invalid, match="rated power"):
        rated_kw_of(10**9, 10**6)
    with pytest.raises(Invalid, match="rated power"):
        rated_kw_of("0.000001", "0.1")


def test_it_is_given_as_such_or_by_current_and_voltage() -> None:
    assert rated_kw_given() is None
    assert rated_kw_given("80.5") == Decimal("80.5")
    assert rated_kw_given(ct_primary_a=100, nominal_voltage_v=400) == Decimal("69.282")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"max_power_kw": 80, "ct_primary_a": 100, "nominal_voltage_v": 400}, "not both"),
        ({"max_power_kw": 80, "ct_primary_a": 100}, "not both"),
        ({"ct_primary_a": 100}, "belong together"),
        ({"nominal_voltage_v": 400}, "belong together"),
        ({"ct_primary_a": 0, "nominal_voltage_v": 400}, "above zero"),
    ],
)
def test_what_says_two_things_or_half_of_one_is_refused(given: dict[str, object], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        rated_kw_given(**given)
