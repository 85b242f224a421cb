"""Registers as integers of the energy they count in."""

import pytest

from portal.core.energy.rules.registers import IMPORTED_QUANTITY, register_milliwh
from portal.core.readings.rules.quantities import ALL_QUANTITIES


@pytest.mark.parametrize(
    ("kwh", "milliwh"),
    [
        (99_999_999.9, 99_999_999_900_000),
        (0.1, 100_000),
        (1994.0, 1_994_000_000),
        (0.000_000_5, 0),  # halves go to the even neighbour
        (0.000_001_5, 2),
        (float("inf"), 10**18),
    ],
)
def test_registers_become_integers(kwh: float, milliwh: int) -> None:
    assert register_milliwh(kwh) == milliwh


def test_every_count_of_the_meter_is_exact() -> None:
    for counts in (1, 3, 7, 123_456_789, 999_999_999):
        assert register_milliwh(counts / 10) == counts * 100_000


def test_a_register_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        register_milliwh(float("nan"))


def test_conflicting_values_of_the_register_are_found_by_its_number() -> None:
    assert ALL_QUANTITIES[IMPORTED_QUANTITY].name == "energy_imported_kwh"
