"""A device's rated power, from its current transformers and voltage."""

from decimal import Decimal

import pytest

from portal.core.errors import Invalid
from portal.core.sites.rules.rated_power import rated_kw_of


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
