"""The columns of the table in which an earlier release kept readings, and what is kept of them."""

from __future__ import annotations

from portal.core.readings.queries.narrow_sql import steps_sql
from portal.core.readings.rules.quantities import QUANTITY_OF

WIDE = (
    "active_power_kw",
    "reactive_power_kvar",
    "apparent_power_kva",
    "power_factor",
    "voltage_v",
    "frequency_hz",
    "energy_imported_kwh",
    "energy_exported_kwh",
)
"""The quantities that a wide row has, as doubles."""
RECEIVED_SECOND = "floor(extract(epoch FROM w.received_at) - 946684800)::integer"
"""When a wide row `w` came, at a Client: seconds since 2000."""


def as_stored(name: str) -> str:
    """Return the integer of a wide value in SQL: rounded as `rules/scaling` does, NULL where it does not fit."""
    quantity = QUANTITY_OF[name]
    # Energy was computed from this rounding of the register, and is to stay what it is, to the last unit.
    is_billed = name == "energy_imported_kwh"
    steps = f"round(w.{name} * {quantity.scale})" if is_billed else steps_sql(quantity, f"w.{name}")
    is_near = f"w.{name} * {quantity.scale} BETWEEN {quantity.least - 1} AND {quantity.most + 1}"
    checked = f"(CASE WHEN {is_near} THEN {steps} END)"
    fits = f"{checked} BETWEEN {quantity.least} AND {quantity.most}"
    return f"CASE WHEN {fits} THEN {checked}::{quantity.width.type_name} END"
