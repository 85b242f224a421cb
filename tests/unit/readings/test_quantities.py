"""The list of quantities, held against the specification's table."""

from __future__ import annotations

import msgspec
import pytest

from portal.core.readings.rules.quantities import (
    ALL_QUANTITIES,
    NARROW_COLUMNS,
    NARROW_QUANTITIES,
    QUANTITY_OF,
    IntegerWidth,
    Quantity,
    QuantityGroup,
)
from portal.core.readings.rules.readings import QUANTITIES
from portal.core.readings.wire import DeviceReading

TENTH_WATT, HUNDREDTH, THOUSANDTH = 10_000, 100, 1_000
THOUSANDTH_WATT_HOUR = 1_000_000
# Group, names on the wire, stored steps in one unit of the name.
SPECIFIED = [
    ("totals", "activePowerKw reactivePowerKvar apparentPowerKva", TENTH_WATT),
    ("totals", "powerFactor", 10_000),
    ("totals", "voltageV", HUNDREDTH),
    ("totals", "frequencyHz", THOUSANDTH),
    ("registers", "energyImportedKwh energyExportedKwh", THOUSANDTH_WATT_HOUR),
    ("registers", "reactiveEnergyImportedKvarh reactiveEnergyExportedKvarh", THOUSANDTH_WATT_HOUR),
    ("registers", "apparentEnergyKvah", THOUSANDTH_WATT_HOUR),
    ("phases", "voltageL1V voltageL2V voltageL3V", HUNDREDTH),
    ("phases", "currentL1A currentL2A currentL3A currentNA", THOUSANDTH),
    ("phases", "activePowerL1Kw activePowerL2Kw activePowerL3Kw", TENTH_WATT),
    ("phases", "powerFactorL1 powerFactorL2 powerFactorL3", 10_000),
    ("quality", "voltageThdPercent currentThdPercent", HUNDREDTH),
    ("quality", "voltageUnbalancePercent currentUnbalancePercent", HUNDREDTH),
    ("demand", "activeDemandKw apparentDemandKva", TENTH_WATT),
]
INT2 = {
    *("powerFactor", "powerFactorL1", "powerFactorL2", "powerFactorL3"),
    *("voltageUnbalancePercent", "currentUnbalancePercent"),
}


def test_the_list_is_that_of_the_specification() -> None:
    expected = [(group, name, scale) for group, names, scale in SPECIFIED for name in names.split()]
    assert len(expected) == 30
    assert [(each.group.value, each.wire_name, each.scale) for each in ALL_QUANTITIES] == expected
    assert [group.value for group in QuantityGroup] == list(dict.fromkeys(group for group, _, _ in SPECIFIED))


def test_names_travel_as_the_codec_renames_them() -> None:
    fields = [(each.name, float | None, None) for each in ALL_QUANTITIES]
    row = msgspec.defstruct("Row", fields, rename="camel")
    assert row.__struct_encode_fields__ == tuple(each.wire_name for each in ALL_QUANTITIES)


def test_what_travels_today_is_in_the_list() -> None:
    assert set(QUANTITIES) <= set(QUANTITY_OF)
    renamed = dict(zip(DeviceReading.__struct_fields__, DeviceReading.__struct_encode_fields__, strict=True))
    assert {QUANTITY_OF[name].wire_name for name in QUANTITIES} == {renamed[name] for name in QUANTITIES}


def test_the_narrow_row_has_its_widest_columns_first() -> None:
    widths = [each.width for each in NARROW_QUANTITIES]
    assert widths == [8] * 5 + [4] * 19 + [2] * 6
    assert set(NARROW_QUANTITIES) == set(ALL_QUANTITIES)
    assert {each.group for each in NARROW_QUANTITIES[:5]} == {QuantityGroup.REGISTERS}
    assert {each.wire_name for each in NARROW_QUANTITIES if each.width is IntegerWidth.INT2} == INT2
    columns = {"int8": widths.count(8), "int4": widths.count(4) + 1, "int2": widths.count(2)}
    types = [("time", "timestamptz"), ("customer", "int4"), ("meter", "int4")]
    assert NARROW_COLUMNS[:3] == tuple(types)
    assert [kind for _, kind in NARROW_COLUMNS[3:]] == [
        kind for kind, count in columns.items() for _ in range(count)
    ]
    assert [name for name, _ in NARROW_COLUMNS[3:] if name != "source"] == [
        each.name for each in NARROW_QUANTITIES
    ]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("active_power_kw", -(2**31), 2**31 - 1),
        ("power_factor", -(2**15), 2**15 - 1),
        ("energy_imported_kwh", -(2**51), 2**51),
    ],
)
def test_bounds_are_those_of_the_integer(name: str, least: int, most: int) -> None:
    quantity = QUANTITY_OF[name]
    assert (quantity.least, quantity.most) == (least, most)


@pytest.mark.parametrize("quantity", ALL_QUANTITIES, ids=lambda each: each.name)
def test_everything_a_meter_shows_fits(quantity: Quantity) -> None:
    """A site of 200 MW at 110 kV, and ratios as meters give them."""
    shown = {"kW": 200_000, "kvar": 200_000, "kVA": 200_000, "V": 110_000, "A": 100_000, "Hz": 400, "%": 200}
    register = 2_250_000_000
    most = shown.get(quantity.unit, register if quantity.group is QuantityGroup.REGISTERS else 1)
    assert quantity.least <= -most * quantity.scale
    assert most * quantity.scale <= quantity.most


def test_units_are_those_of_the_names() -> None:
    for each in ALL_QUANTITIES:
        assert each.unit.lower() in {each.name.rsplit("_", 1)[1], "%", ""}
        assert (each.unit == "%") == each.name.endswith("_percent")
        assert (not each.unit) == each.name.startswith("power_factor")
    assert len({each.words for each in ALL_QUANTITIES}) == len(ALL_QUANTITIES)
