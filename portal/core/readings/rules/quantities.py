"""What a meter measures: one list, from which wire, tables, packing and words are made or held against.

A quantity is stored as a whole number of the smallest step that is kept of it (finer than any meter shows), in the
narrowest integer that takes what a meter can say: `INT8`, `INT4` or `INT2`.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


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
    """One quantity: its name in columns and structs, its unit, and the integer it is stored as.

    A value in `unit` times 10 to the power of `decimals` is the stored integer.
    """

    name: str
    group: QuantityGroup
    words: str
    unit: str
    decimals: int
    width: IntegerWidth

    @property
    def wire_name(self) -> str:
        """The name in JSON."""
        first, *others = self.name.split("_")
        return first + "".join(other.capitalize() for other in others)

    @property
    def scale(self) -> int:
        """How many stored steps make one `unit`."""
        return 10**self.decimals

    @property
    def least(self) -> int:
        """The smallest integer that is stored."""
        return -_MOST_OF_INT8 if self.width is IntegerWidth.INT8 else -(1 << (8 * self.width - 1))

    @property
    def most(self) -> int:
        """The greatest integer that is stored."""
        return _MOST_OF_INT8 if self.width is IntegerWidth.INT8 else (1 << (8 * self.width - 1)) - 1


def _quantities() -> tuple[Quantity, ...]:
    int8, int4, int2 = IntegerWidth.INT8, IntegerWidth.INT4, IntegerWidth.INT2
    totals, registers, phases, quality, demand = QuantityGroup
    return (
        Quantity("active_power_kw", totals, "active power", "kW", 4, int4),
        Quantity("reactive_power_kvar", totals, "reactive power", "kvar", 4, int4),
        Quantity("apparent_power_kva", totals, "apparent power", "kVA", 4, int4),
        Quantity("power_factor", totals, "power factor", "", 4, int2),
        # 327 V would fit an int2; mains between phases does not.
        Quantity("voltage_v", totals, "voltage", "V", 2, int4),
        Quantity("frequency_hz", totals, "frequency", "Hz", 3, int4),
        Quantity("energy_imported_kwh", registers, "energy imported", "kWh", 6, int8),
        Quantity("energy_exported_kwh", registers, "energy exported", "kWh", 6, int8),
        Quantity("reactive_energy_imported_kvarh", registers, "reactive energy imported", "kvarh", 6, int8),
        Quantity("reactive_energy_exported_kvarh", registers, "reactive energy exported", "kvarh", 6, int8),
        Quantity("apparent_energy_kvah", registers, "apparent energy", "kVAh", 6, int8),
        *(Quantity(f"voltage_l{n}_v", phases, f"voltage of phase {n}", "V", 2, int4) for n in (1, 2, 3)),
        *(Quantity(f"current_l{n}_a", phases, f"current of phase {n}", "A", 3, int4) for n in (1, 2, 3)),
        Quantity("current_n_a", phases, "current of the neutral", "A", 3, int4),
        *(
            Quantity(f"active_power_l{n}_kw", phases, f"active power of phase {n}", "kW", 4, int4)
            for n in (1, 2, 3)
        ),
        *(
            Quantity(f"power_factor_l{n}", phases, f"power factor of phase {n}", "", 4, int2)
            for n in (1, 2, 3)
        ),
        # Of a current that is almost nothing the distortion may be many times 327 %.
        Quantity("voltage_thd_percent", quality, "harmonic distortion of the voltage", "%", 2, int4),
        Quantity("current_thd_percent", quality, "harmonic distortion of the current", "%", 2, int4),
        # The furthest of three from their mean, by the mean: 200 % at most.
        Quantity("voltage_unbalance_percent", quality, "unbalance of the voltages", "%", 2, int2),
        Quantity("current_unbalance_percent", quality, "unbalance of the currents", "%", 2, int2),
        Quantity("active_demand_kw", demand, "active demand", "kW", 4, int4),
        Quantity("apparent_demand_kva", demand, "apparent demand", "kVA", 4, int4),
    )


ALL_QUANTITIES = _quantities()
"""Every quantity, group by group: the order for people and on the wire."""

QUANTITY_OF = {quantity.name: quantity for quantity in ALL_QUANTITIES}
"""Every quantity by its name."""

# The widest first: a column begins at a multiple of its width, and 8 to 18 bytes of a row were filling otherwise.
NARROW_QUANTITIES = tuple(sorted(ALL_QUANTITIES, key=lambda quantity: -quantity.width))
"""Every quantity in the order of the narrow row's columns, which follow `NARROW_KEYS`."""

NARROW_KEYS = (("time", "timestamptz"), ("customer", "int4"), ("meter", "int4"))
"""The first columns of the narrow row with their types."""
