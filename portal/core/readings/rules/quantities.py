"""What a meter measures: one list, from which wire, tables, packing and words are made or held against.

A quantity is stored as a whole number of the smallest step that is kept of it (finer than any meter shows), in the
narrowest integer that takes what a meter can say: `INT8`, `INT4` or `INT2`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from portal.core.words import noted


class QuantityGroup(StrEnum):
    """What belongs together, in the order of the list."""

    TOTALS = "totals"
    REGISTERS = "registers"
    PHASES = "phases"
    QUALITY = "quality"
    DEMAND = "demand"


class IntegerWidth(IntEnum):
    """How many bytes a stored integer has."""

    INT8 = 8
    INT4 = 4
    INT2 = 2

    @property
    def type_name(self) -> str:
        """What PostgreSQL calls it."""
        return self.name.lower()


# Of an int8 not all is used: up to here, a thousandth of a watt-hour up to 2.25e9 kWh, the number that is read back is
# the only double next to it, so that its JSON text brings the same integer again.
_MOST_OF_INT8 = 2**51


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity: its names, its unit, and the integer it is stored as.

    `name` is that of columns and struct fields, `wire_name` that of JSON. A value in `unit` times `scale` (10 to the
    power of `decimals`) is the stored integer, from `least` to `most`.
    """

    name: str
    wire_name: str
    group: QuantityGroup
    words: str
    unit: str
    decimals: int
    scale: int
    width: IntegerWidth
    least: int
    most: int


def _quantity(
    group: QuantityGroup, name: str, words: str, unit: str, decimals: int, width: IntegerWidth
) -> Quantity:
    first, *others = name.split("_")
    half = 1 << (8 * width - 1)
    least, most = (-_MOST_OF_INT8, _MOST_OF_INT8) if width is IntegerWidth.INT8 else (-half, half - 1)
    return Quantity(
        name=name,
        wire_name=first + "".join([other.capitalize() for other in others]),
        group=group,
        words=words,
        unit=unit,
        decimals=decimals,
        scale=10**decimals,
        width=width,
        least=least,
        most=most,
    )


def _totals() -> Iterator[Quantity]:
    group = QuantityGroup.TOTALS
    yield _quantity(group, "active_power_kw", noted("active power"), "kW", 4, IntegerWidth.INT4)
    yield _quantity(group, "reactive_power_kvar", noted("reactive power"), "kvar", 4, IntegerWidth.INT4)
    yield _quantity(group, "apparent_power_kva", noted("apparent power"), "kVA", 4, IntegerWidth.INT4)
    yield _quantity(group, "power_factor", noted("power factor"), "", 4, IntegerWidth.INT2)
    # 327 V would fit an int2; mains between phases does not.
    yield _quantity(group, "voltage_v", noted("voltage"), "V", 2, IntegerWidth.INT4)
    yield _quantity(group, "frequency_hz", noted("frequency"), "Hz", 3, IntegerWidth.INT4)


def _registers() -> Iterator[Quantity]:
    for name, words, unit in (
        ("energy_imported_kwh", noted("energy imported"), "kWh"),
        ("energy_exported_kwh", noted("energy exported"), "kWh"),
        ("reactive_energy_imported_kvarh", noted("reactive energy imported"), "kvarh"),
        ("reactive_energy_exported_kvarh", noted("reactive energy exported"), "kvarh"),
        ("apparent_energy_kvah", noted("apparent energy"), "kVAh"),
    ):
        yield _quantity(QuantityGroup.REGISTERS, name, words, unit, 6, IntegerWidth.INT8)


def _phases() -> Iterator[Quantity]:
    group, lines = QuantityGroup.PHASES, (1, 2, 3)
    for n in lines:
        yield _quantity(
            group,
            f"voltage_l{n}_v",
            noted("voltage of phase {phase}").format(phase=n),
            "V",
            2,
            IntegerWidth.INT4,
        )
    for n in lines:
        yield _quantity(
            group,
            f"current_l{n}_a",
            noted("current of phase {phase}").format(phase=n),
            "A",
            3,
            IntegerWidth.INT4,
        )
    yield _quantity(group, "current_n_a", noted("current of the neutral"), "A", 3, IntegerWidth.INT4)
    for n in lines:
        yield _quantity(
            group,
            f"active_power_l{n}_kw",
            noted("active power of phase {phase}").format(phase=n),
            "kW",
            4,
            IntegerWidth.INT4,
        )
    for n in lines:
        yield _quantity(
            group,
            f"power_factor_l{n}",
            noted("power factor of phase {phase}").format(phase=n),
            "",
            4,
            IntegerWidth.INT2,
        )


def _quality() -> Iterator[Quantity]:
    group = QuantityGroup.QUALITY
    # Of a current that is almost nothing the distortion may be many times 327 %.
    yield _quantity(
        group, "voltage_thd_percent", noted("harmonic distortion of the voltage"), "%", 2, IntegerWidth.INT4
    )
    yield _quantity(
        group, "current_thd_percent", noted("harmonic distortion of the current"), "%", 2, IntegerWidth.INT4
    )
    # The furthest of three from their mean, by the mean: 200 % at most.
    yield _quantity(
        group, "voltage_unbalance_percent", noted("unbalance of the voltages"), "%", 2, IntegerWidth.INT2
    )
    yield _quantity(
        group, "current_unbalance_percent", noted("unbalance of the currents"), "%", 2, IntegerWidth.INT2
    )


def _demand() -> Iterator[Quantity]:
    """What the meter itself averages over a sliding window."""
    group = QuantityGroup.DEMAND
    yield _quantity(group, "active_demand_kw", noted("active demand"), "kW", 4, IntegerWidth.INT4)
    yield _quantity(group, "apparent_demand_kva", noted("apparent demand"), "kVA", 4, IntegerWidth.INT4)


ALL_QUANTITIES = (*_totals(), *_registers(), *_phases(), *_quality(), *_demand())
"""Every quantity, group by group: the order for people and on the wire."""

QUANTITY_OF = {quantity.name: quantity for quantity in ALL_QUANTITIES}
"""Every quantity by its name."""

QUANTITY_BY_WIRE_NAME = {quantity.wire_name: quantity for quantity in ALL_QUANTITIES}
"""Every quantity by its name in JSON."""


def quantities_named(names: Iterable[str]) -> tuple[Quantity, ...]:
    """Return quantities by their names, in their order."""
    return tuple(QUANTITY_OF[name] for name in names)


REGISTERS = tuple(each.name for each in ALL_QUANTITIES if each.group is QuantityGroup.REGISTERS)
"""The names of what a meter counts up."""

# The widest first: a column begins at a multiple of its width, and 8 to 18 bytes of a row were filling otherwise.
NARROW_QUANTITIES = tuple(sorted(ALL_QUANTITIES, key=lambda quantity: -quantity.width))
"""Every quantity in the order of the narrow row's columns."""

SOURCE = "source"


def _narrow_columns() -> Iterator[tuple[str, str]]:
    yield from (("time", "timestamptz"), ("customer", "int4"), ("meter", "int4"))
    for width in IntegerWidth:
        yield from [(each.name, width.type_name) for each in ALL_QUANTITIES if each.width is width]
        # The number of a text. An int2 would run out where a board counts something up in it.
        if width is IntegerWidth.INT4:
            yield SOURCE, width.type_name


NARROW_COLUMNS = tuple(_narrow_columns())
"""The narrow row's columns in their order, each with PostgreSQL's name of its type."""
