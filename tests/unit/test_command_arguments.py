"""What the command line refuses before anything is opened."""

import sys

import pytest

from portal import cli
from portal.admin.customer_dialogs.dialog_state import _hours
from portal.client.rates.draft import Draft, to_wire
from portal.client.rates.starting import _percent
from portal.core.errors import Invalid
from portal.core.tariffs.rules.tariff_wire import TariffInvalid, tariff_from_wire


@pytest.mark.parametrize("argument", ["Depot\x1b[31m", "Depot\udce9"])
def test_an_argument_that_is_no_text_is_one_line(monkeypatch: pytest.MonkeyPatch, argument: str) -> None:
    monkeypatch.setattr(sys, "argv", ["portal", "site", "add", argument])
    with pytest.raises(SystemExit, match="portal: an argument holds a character"):
        cli.main()


@pytest.mark.parametrize("power", ["1e-999999999", "nan", "-1", "9" * 100_000])
def test_a_rated_power_is_read_before_the_stack_is_opened(
    monkeypatch: pytest.MonkeyPatch, power: str
) -> None:
    words = ["device", "add", "Main", "--site", "S", "--external-id", "m", f"--max-power-kw={power}"]
    monkeypatch.setattr(sys, "argv", ["portal", *words])
    with pytest.raises(SystemExit, match="portal: A device's rated power is a number of kW"):
        cli.main()


@pytest.mark.parametrize("text", ["1e-999999999", "1" * 100_000, "NaN", "1001", "x"])
def test_a_percentage_of_the_rates_page_is_bounded(text: str) -> None:
    with pytest.raises(Invalid, match="is no percentage"):
        _percent(text)


@pytest.mark.parametrize("text", ["1.5", "-1", "\u00b2", "9" * 10_000])
def test_a_grace_window_is_a_whole_number_of_hours(text: str) -> None:
    with pytest.raises(Invalid, match="whole number of hours"):
        _hours(text)
    assert (_hours(""), _hours(" 0 ")) == (24, 0)


@pytest.mark.parametrize("number", ["1e-999999999", "9" * 100_000])
def test_a_price_typed_into_the_form_is_refused_by_its_path(number: str) -> None:
    draft = Draft(id="9" * 5000, municipality_id="1", name="T", first="2026-01-01", rate=number)
    with pytest.raises(TariffInvalid) as refused:
        tariff_from_wire(to_wire(draft))
    assert {path for path, _ in refused.value.problems} == {"id", "defaultRatePerKwh"}
