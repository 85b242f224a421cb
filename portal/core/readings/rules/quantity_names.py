"""What files call a quantity: its own name, the API's, and the usual words with their unit.

A name without the unit is not known where another could be meant: 230 may be volts or kilovolts, and a kilowatt read as
a watt is a bill a thousand times too high. Case, spaces, brackets and marks do not count: `Voltage L1 [V]`.
"""

import re
from collections.abc import Iterator

from portal.core.readings.rules.quantities import ALL_QUANTITIES, Quantity

_MARKS = re.compile(r"[\W_]+")
_PHASE = re.compile(r"_l([123])(?=_|$)")
# What stands for a part of a name in the exports of meters and loggers.
_USUAL = (
    ("voltage", ("u", "v")),
    ("current", ("i",)),
    ("power_factor", ("pf", "cos_phi")),
    ("active_power", ("p",)),
    ("reactive_power", ("q",)),
    ("apparent_power", ("s",)),
    ("energy_imported", ("active_energy_imported", "active_energy_import", "energy_import")),
    ("energy_exported", ("active_energy_exported", "active_energy_export", "energy_export")),
    ("reactive_energy_imported", ("reactive_energy_import",)),
    ("reactive_energy_exported", ("reactive_energy_export",)),
    ("voltage_thd", ("thd_voltage", "thd_u", "thd_v", "thdu", "thdv")),
    ("current_thd", ("thd_current", "thd_i", "thdi")),
    ("active_demand", ("active_power_demand", "demand")),
    ("apparent_demand", ("apparent_power_demand",)),
    ("frequency", ("f",)),
)


def quantity_named(name: str) -> str | None:
    """Return the quantity that a name means, as the product calls it, or None."""
    return _BY_NAME.get(_plain(name))


def _plain(name: str) -> str:
    return _MARKS.sub("", name.replace("%", "percent").replace("φ", "phi")).lower()


def _names_of(quantity: Quantity) -> Iterator[str]:
    yield quantity.name
    yield f"{quantity.words} {quantity.unit}"
    unit = quantity.unit and f"_{quantity.unit}"
    for usual, others in _USUAL:
        rest = quantity.name.removeprefix(usual)
        if rest == quantity.name or not re.fullmatch(r"(_l[123]|_n)?(_[a-z]+)?", rest):
            continue
        line = _PHASE.search(quantity.name)
        for word in (usual, *others):
            yield word + rest
            if line is not None:  # by number alone, by the conductor, by the conductor first
                for position in (line[1], f"_phase_{line[1]}"):
                    yield f"{word}{position}{unit}"
                yield f"l{line[1]}_{word}{unit}"
                yield f"phase_{line[1]}_{word}{unit}"


_BY_NAME = {_plain(name): quantity.name for quantity in ALL_QUANTITIES for name in _names_of(quantity)}
