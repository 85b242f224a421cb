"""What is kept of an hour of a meter, in whole steps: so much that hours and days need no reading to be told.

Of what a meter shows at an instant the sum and how many readings had it, of a register what it showed last; of active
power and of the imported energy the extremes as well. Sums of hours are sums of their readings to the last unit, so an
average of a day is the same from hours as from readings. Both engines keep the same columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, QuantityGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.core.readings.rules.quantities import Quantity

_POWER, _IMPORT = QUANTITY_OF["active_power_kw"], QUANTITY_OF["energy_imported_kwh"]
_REGISTERS = tuple(each for each in ALL_QUANTITIES if each.group is QuantityGroup.REGISTERS)
_INSTANTANEOUS = tuple(each for each in ALL_QUANTITIES if each.group is not QuantityGroup.REGISTERS)


@dataclass(frozen=True)
class KeptColumn:
    """A column of what is kept of an hour.

    `of_readings` is SQL over readings `m` as they lie; `merged` over a kept hour `r` and `excluded`, what is kept of
    further readings of it which are all later. `of_readings_timescale` says the same where the first cannot be said.
    """

    name: str
    type_name: str
    of_readings: str
    merged: str
    of_readings_timescale: str


def _column(name: str, kind: str, of_readings: str, merged: str, timescale: str | None = None) -> KeptColumn:
    return KeptColumn(name, kind, of_readings, merged, timescale or of_readings)


def _kept() -> Iterator[KeptColumn]:
    """Yield the columns, the widest first: each begins at a multiple of its width."""
    for each in _REGISTERS:
        name, shown = f"last_{each.name}", f"m.{each.name}"
        of_timescale = f"last({shown}, m.time) FILTER (WHERE {shown} IS NOT NULL)"
        merged = f"coalesce(excluded.{name}, r.{name})"
        yield _column(name, "int8", _last(shown, "m.time"), merged, of_timescale)
    yield _extreme("lowest", _IMPORT, "min")
    yield _extreme("highest", _IMPORT, "max")
    for each in _INSTANTANEOUS:
        name = _sum(each)
        merged = f"coalesce(r.{name} + excluded.{name}, r.{name}, excluded.{name})"
        yield _column(name, "int8", f"sum(m.{each.name})", merged)
    yield _column("sample_count", "int4", "count(*)::int4", "r.sample_count + excluded.sample_count")
    yield _extreme("max", _POWER, "max")
    yield _extreme("min", _POWER, "min")
    for each in _INSTANTANEOUS:
        yield _count_of(each)


def _last(value: str, at: str) -> str:
    """Return an aggregate for the latest value that is not null."""
    return f"(array_agg({value} ORDER BY {at} DESC) FILTER (WHERE {value} IS NOT NULL))[1]"


def _extreme(prefix: str, quantity: Quantity, kind: str) -> KeptColumn:
    name, chosen = f"{prefix}_{quantity.name}", {"min": "least", "max": "greatest"}[kind]
    merged = f"{chosen}(r.{name}, excluded.{name})"
    return _column(name, quantity.width.type_name, f"{kind}(m.{quantity.name})", merged)


def _count_of(quantity: Quantity) -> KeptColumn:
    """Return how many readings had the quantity: null where all of them had, or none, as is nearly always so."""
    name, total = f"count_{quantity.name}", _sum(quantity)
    both = " + ".join(
        f"CASE WHEN {hour}.{total} IS NULL THEN 0 ELSE {count_sql(quantity, hour)} END"
        for hour in ("r", "excluded")
    )
    merged = f"nullif(nullif({both}, 0), r.sample_count + excluded.sample_count)"
    return _column(name, "int4", f"nullif(nullif(count(m.{quantity.name}), 0), count(*))::int4", merged)


def _sum(quantity: Quantity) -> str:
    return f"sum_{quantity.name}"


def count_sql(quantity: Quantity, hour: str) -> str:
    """Return an expression for how many readings of a kept hour had a quantity, where any had."""
    return f"coalesce({hour}.count_{quantity.name}, {hour}.sample_count)"


KEPT = tuple(_kept())
"""The columns of a kept hour behind its key."""

KEPT_NAMES = tuple(column.name for column in KEPT)
"""Their names."""


def figure_of_hour(quantity: Quantity, hour: str) -> str:
    """Return an expression over a kept hour for its figure of a quantity, in its unit: an average, or a last value."""
    if quantity.group is QuantityGroup.REGISTERS:
        return f"{hour}.last_{quantity.name} / {quantity.scale}::float8"
    return f"{hour}.{_sum(quantity)}::float8 / ({count_sql(quantity, hour)} * {quantity.scale}::float8)"


def figure_of_hours(quantity: Quantity, hour: str) -> str:
    """Return an aggregate over kept hours for their figure of a quantity, as `figure_of_hour`."""
    if quantity.group is QuantityGroup.REGISTERS:
        last = _last(f"{hour}.last_{quantity.name}", f"{hour}.hour")
        return f"{last} / {quantity.scale}::float8"
    total = f"{hour}.{_sum(quantity)}"
    counted = f"sum({count_sql(quantity, hour)}) FILTER (WHERE {total} IS NOT NULL)"
    return f"sum({total})::float8 / (({counted}) * {quantity.scale}::float8)"


def figure_of_readings(quantity: Quantity, reading: str) -> str:
    """Return an aggregate over readings as they lie for their figure of a quantity, as `figure_of_hour`."""
    value = f"{reading}.{quantity.name}"
    if quantity.group is QuantityGroup.REGISTERS:
        return f"{_last(value, f'{reading}.time')} / {quantity.scale}::float8"
    return f"sum({value})::float8 / (count({value}) * {quantity.scale}::float8)"


def _figures() -> Iterator[tuple[str, str, str]]:
    """Yield what people see of a kept hour `h`: name, type, expression. The first five were there before the others."""
    kind = "double precision"
    yield f"avg_{_POWER.name}", kind, figure_of_hour(_POWER, "h")
    for extreme in ("max", "min"):
        yield f"{extreme}_{_POWER.name}", kind, f"h.{extreme}_{_POWER.name} / {_POWER.scale}::float8"
    yield "sample_count", "bigint", "h.sample_count::bigint"
    yield "kwh_delta", kind, f"(h.highest_{_IMPORT.name} - h.lowest_{_IMPORT.name}) / {_IMPORT.scale}::float8"
    for each in ALL_QUANTITIES:
        if each is not _POWER:
            prefix = "last" if each.group is QuantityGroup.REGISTERS else "avg"
            yield f"{prefix}_{each.name}", kind, figure_of_hour(each, "h")


FIGURES = tuple((name, kind) for name, kind, _ in _figures())
"""What people see of an hour: names and types."""

FIGURES_OF_HOUR = ", ".join(f"{expression} AS {name}" for name, _, expression in _figures())
"""The same as a select list over a kept hour `h`."""

DAILY_FIGURES = ("device_count", *(name for name, _ in FIGURES[:5]))
"""What people see of a customer's day."""

DAILY_OF_HOURS = (
    "count(DISTINCT h.meter)",
    figure_of_hours(_POWER, "h"),
    f"max(h.max_{_POWER.name}) / {_POWER.scale}::float8",
    f"min(h.min_{_POWER.name}) / {_POWER.scale}::float8",
    "sum(h.sample_count)::bigint",
    f"sum(h.highest_{_IMPORT.name} - h.lowest_{_IMPORT.name})::float8 / {_IMPORT.scale}::float8",
)
"""Aggregates for it, over the kept hours `h` of a customer's day."""
