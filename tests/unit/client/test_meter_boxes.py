"""What is typed of a meter in its dialog."""

import pytest

from portal.client.sites.forms import meter_facts
from portal.core.errors import Invalid
from portal.core.sites.rules.sites import DeviceEdits, sound_device


@pytest.mark.parametrize(("typed", "digits"), [("6", 6), (" 8 ", 8), ("", None)])
def test_the_digits_of_a_register_are_a_number_or_not_known(typed: str, digits: int | None) -> None:
    assert meter_facts({"register_digits": typed}, is_virtual=False)["register_digits"] == digits


def test_a_form_that_does_not_ask_for_them_leaves_them() -> None:
    assert "register_digits" not in meter_facts({}, is_virtual=False)


@pytest.mark.parametrize("typed", ["six", "-6", "6.5", "\u0666"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(Invalid, match="whole number"):
        meter_facts({"register_digits": typed}, is_virtual=False)


@pytest.mark.parametrize("digits", [2, 13, 999])
def test_no_register_has_so_few_digits_or_so_many(digits: int) -> None:
    with pytest.raises(Invalid, match="3 to 12 digits"):
        sound_device(DeviceEdits(register_digits=digits))
