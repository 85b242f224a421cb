"""Which quantities share a chart: one unit, one axis."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.core.readings.rules.quantities import (
    ALL_QUANTITIES,
    QUANTITY_OF,
    Quantity,
    QuantityGroup,
    quantities_named,
)

_PHASES = ("L1", "L2", "L3")


@dataclass(frozen=True, slots=True)
class ChartKind:
    """A chart: its key in addresses, its title, its lines (what each is called, and its quantity).

    Of a chart that is `added_up` the lines of several meters make one: their sum is what the site draws.
    """

    key: str
    title: str
    lines: tuple[tuple[str, Quantity], ...]
    is_added_up: bool = False
    begins_at_zero: bool = False

    @property
    def unit(self) -> str:
        """The unit of all its lines."""
        return self.lines[0][1].unit

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What is measured for it."""
        return tuple(quantity for _, quantity in self.lines)


def _single(key: str, title: str, name: str, *, added_up: bool = False, from_zero: bool = False) -> ChartKind:
    return ChartKind(key, title, ((title, QUANTITY_OF[name]),), added_up, from_zero)


def _by_phase(
    key: str, title: str, pattern: str, *, added_up: bool = False, from_zero: bool = False
) -> ChartKind:
    names = [pattern.format(phase.lower()) for phase in _PHASES]
    return ChartKind(
        key,
        f"{title}, by phase",
        tuple(zip(_PHASES, quantities_named(names), strict=True)),
        added_up,
        from_zero,
    )


def _kinds() -> Iterator[ChartKind]:
    yield _single("power", "Power", "active_power_kw", added_up=True, from_zero=True)
    yield _by_phase("power-phases", "Power", "active_power_{}_kw", added_up=True, from_zero=True)
    yield _single("reactive", "Reactive power", "reactive_power_kvar", added_up=True, from_zero=True)
    yield _single("apparent", "Apparent power", "apparent_power_kva", from_zero=True)
    yield _single("power-factor", "Power factor", "power_factor")
    yield _by_phase("power-factor-phases", "Power factor", "power_factor_{}")
    yield _single("voltage", "Voltage", "voltage_v")
    yield _by_phase("voltage-phases", "Voltage", "voltage_{}_v")
    current = _by_phase("current", "Current", "current_{}_a", from_zero=True)
    neutral = ("Neutral", QUANTITY_OF["current_n_a"])
    yield ChartKind("current", current.title, (*current.lines, neutral), begins_at_zero=True)
    yield _single("frequency", "Frequency", "frequency_hz")
    yield _pair("harmonics", "Harmonic distortion", "{}_thd_percent")
    yield _pair("unbalance", "Unbalance", "{}_unbalance_percent")
    yield _single("demand", "Active demand", "active_demand_kw", from_zero=True)
    yield _single("apparent-demand", "Apparent demand", "apparent_demand_kva", from_zero=True)
    for each in ALL_QUANTITIES:
        if each.group is QuantityGroup.REGISTERS:
            name = each.name.rpartition("_")[0].replace("_", "-")
            yield _single(name, f"Register of {each.words}", each.name)


def _pair(key: str, title: str, pattern: str) -> ChartKind:
    lines = [(word.capitalize(), QUANTITY_OF[pattern.format(word)]) for word in ("voltage", "current")]
    return ChartKind(key, title, tuple(lines), begins_at_zero=True)


CHART_KINDS = {kind.key: kind for kind in _kinds()}
"""Every chart by its key, in the order they are offered. Between them they show every quantity."""
