"""What columns are called: every quantity by its names and the usual ones, none where another unit may be meant."""

import pytest

from portal.core.readings.rules.quantities import ALL_QUANTITIES, Quantity
from portal.core.readings.rules.quantity_names import _names_of, _plain, quantity_named
from portal.core.readings.rules.reading_files import ParsedRow
from portal.core.readings.rules.reading_tables import TableOptions, parse_csv


@pytest.mark.parametrize("quantity", ALL_QUANTITIES, ids=lambda each: each.name)
def test_every_quantity_is_known_by_its_names_and_its_words(quantity: Quantity) -> None:
    in_words = f"{quantity.words.capitalize()} ({quantity.unit})"
    for name in (quantity.name, quantity.wire_name, quantity.name.upper(), in_words):
        assert quantity_named(name) == quantity.name


def test_no_name_means_two() -> None:
    meant: dict[str, str] = {}
    for quantity in ALL_QUANTITIES:
        for name in _names_of(quantity):
            assert meant.setdefault(_plain(name), quantity.name) == quantity.name, name


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("Voltage L1 [V]", "voltage_l1_v"),
        ("U2 (V)", "voltage_l2_v"),
        ("L3 Current (A)", "current_l3_a"),
        ("Phase 1 active power (kW)", "active_power_l1_kw"),
        ("I_N [A]", "current_n_a"),
        ("PF", "power_factor"),
        ("cos \u03c6", "power_factor"),
        ("THD U (%)", "voltage_thd_percent"),
        ("Voltage THD [%]", "voltage_thd_percent"),
        ("Current unbalance (%)", "current_unbalance_percent"),
        ("Active energy import (kWh)", "energy_imported_kwh"),
        ("Reactive energy export (kvarh)", "reactive_energy_exported_kvarh"),
        ("Apparent energy (kVAh)", "apparent_energy_kvah"),
        ("Active power demand (kW)", "active_demand_kw"),
    ],
)
def test_usual_names_with_their_unit_are_known(name: str, quantity: str) -> None:
    assert quantity_named(name) == quantity


@pytest.mark.parametrize(
    "name",
    ["Voltage", "Voltage (kV)", "Active power (W)", "Energy imported (MWh)", "kWh", "Current", "THD", ""],
)
def test_a_name_whose_unit_may_be_another_is_not_known(name: str) -> None:
    assert quantity_named(name) is None


def test_a_table_with_every_quantity_is_read_without_a_mapping() -> None:
    names = [f"{each.words} [{each.unit}]" for each in ALL_QUANTITIES]
    cells = [str(index + 0.5) for index in range(len(names))]
    text = f"time;{';'.join(names)}\n2026-05-18T08:00:00Z;{';'.join(cells)}\n"
    found = parse_csv(text.splitlines(keepends=True), TableOptions())
    (row,) = [each.row for each in found if isinstance(each, ParsedRow)]
    assert row.values == tuple(index + 0.5 for index in range(len(names)))


def test_a_title_that_is_a_quantity_is_no_header() -> None:
    text = "Energy imported (kWh),\n,\ntime,energyImportedKwh\n2026-05-18T08:00:00Z,7.5\n"
    found = parse_csv(text.splitlines(keepends=True), TableOptions())
    assert [each.row.energy_imported_kwh for each in found if isinstance(each, ParsedRow)] == [7.5]
