"""How a run mode keeps its readings and what comes of them, and how statements that serve both modes are worded.

Such a statement is written once, as the Admin has it; what stands in braces is what differs:

    SELECT {e.customer_id,} e.device_id, e.hour
    FROM {hourly_energy} e JOIN {devices} d ON {d.customer_id = e.customer_id AND} d.id = e.device_id
    WHERE {e.customer_id = :customer_id AND} e.hour >= :since {more}

    {hourly_energy}     a name: a table in the schema of the run mode, or a part that is handed to `Layout.sql`
    {e.customer_id,}    anything else: SQL that is there at the Admin, and not at a Client, which has no customers

A customer's condition is in the text, so that it cannot be forgotten at the Admin: nothing but the mode takes it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from portal.core.settings import RunMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

MeterKey = tuple["UUID", ...]
"""What identifies a meter: its customer at the Admin, and its device."""

_GAP = re.compile(r"\{([^{}]+)\}")
_TABLES = frozenset(
    (
        "power_measurements",  # readings as people see them: a view
        "readings",  # what they are read from, by weeks: integers under small keys
        "reading_conflicts",  # values that came for an instant beside those of the reading
        "reading_sources",  # what boards call themselves, numbered
        "moved_weeks",  # how many readings of an earlier release were moved to where readings lie now
        "stored_readings",  # the same under small keys, those included that are still to be moved: a view
        "power_measurements_wide",  # readings of an earlier release until they are moved
        "rollup_batches",  # where a writer queues all hours of its batch, in one row of arrays of integers
        "rollup_queue",  # the same by device and hour, a view
        "wide_times",  # when those were measured: a view, empty once all are moved
        "settled_hours",  # of these the ones that do not wait to be brought up to date: a view
        "hourly_figures",  # what is kept of hours under small keys, never out of date: a view
        "hourly_per_device",  # figures of hours, never out of date: a view
        "daily_per_customer",  # figures of UTC days, never out of date: a view, where there are customers
        "hourly_energy",  # what is billed, by hour, kept by the application
        "daily_energy",  # the same by UTC day
        "meter_heads",  # where the judging of a register ends
        "suspect_spans",  # readings of it that are not believed
        "register_links",  # its steps that are no plain difference
        "meter_rivals",  # its lines that were left and may come back
        "meter_events",  # what seems to have happened to a meter
        "meter_decisions",  # what people decided about it
        "restated_days",  # what changed in days that were over
        "recompute_passes",  # whose energy is computed again, and from which hour on that is left
        "energy_proofs",  # what the comparisons with the registers found
        "energy_rule",  # the rule that stored energy was computed by
        "refresh_lock",  # empty: one refresh at a time locks it
        "devices",
        "sites",
        "meter_numbers",  # the last number that was given to a meter, by customer
        # What plain PostgreSQL stores of the figures
        "hourly_rollup",
        "daily_rollup",
        # There, until an upgrade is over: hours as an earlier release kept them, and up to where those count
        "earlier_hours",
        "hours_to_fill",
        # On TimescaleDB the same, and the hours whose aggregates wait, with their meters
        "hourly_aggregate",
        "daily_aggregate",
        "rollup_windows",
        "late_hours",
        "rollup_waiting",  # all hours that wait, by small keys: a view
        "readings_twin",  # the hypertable until it takes the place of the partitions
    )
)
_TARIFF_TABLES = frozenset(("municipalities",))


@dataclass(frozen=True)
class Layout:
    """Where a run mode keeps its tables, and whether what is in them belongs to customers.

    `municipality_id` is the column in which a site refers to its municipality.
    """

    schema: str
    tariff_schema: str
    municipality_id: str
    has_customers: bool

    def sql(self, statement: str, **parts: str) -> str:
        """Word a statement for the run mode. Raises `ValueError` for a name that is no table and no part."""
        return _worded(self, statement, tuple(parts.items()))

    def table(self, name: str) -> str:
        """Return a table's name with its schema. Raises `ValueError` for one that a run mode has not."""
        if name in _TABLES:
            return f"{self.schema}.{name}"
        if name in _TARIFF_TABLES:
            return f"{self.tariff_schema}.{name}"
        message = f"No layout has a table named {name}"
        raise ValueError(message)

    def whose(self, customer_id: UUID | None) -> str:
        """Return the condition on rows of one customer, `:customer_id`; None: of all there are."""
        return "true" if customer_id is None else "customer_id = :customer_id"

    def whose_number(self, customer_id: UUID | None) -> str:
        """Return the same condition on rows that have the customer's number."""
        if customer_id is None:
            return "true"
        return f"customer = (SELECT number FROM {self.schema}.customers WHERE id = :customer_id)"

    def key(self, device_id: UUID, customer_id: UUID | None = None) -> MeterKey:
        """Return the key of a device's meter."""
        return (device_id,) if customer_id is None else (customer_id, device_id)

    def customer_of(self, key: MeterKey) -> UUID | None:
        """Return whose a meter is; None at a Client."""
        return key[0] if self.has_customers else None

    @property
    def key_width(self) -> int:
        """Return how many columns a meter's key has."""
        return 1 + self.has_customers

    def given(self, key: MeterKey) -> dict[str, UUID]:
        """Return a meter's key as parameters: `device_id`, and `customer_id` where there are customers."""
        return dict(zip(("device_id", "customer_id"), reversed(key), strict=False))

    def arrays(self, keys: Iterable[MeterKey]) -> dict[str, list[UUID]]:
        """Return keys as parameters for `unnest`: `devices`, and `customers` where there are any."""
        rows = list(keys)
        found = {"devices": [key[-1] for key in rows]}
        return found | {"customers": [key[0] for key in rows]} if self.has_customers else found


@lru_cache(maxsize=1000)
def _worded(layout: Layout, statement: str, parts: tuple[tuple[str, str], ...]) -> str:
    names = {"schema": layout.schema, "municipality_id": layout.municipality_id, **dict(parts)}

    def fill(gap: re.Match[str]) -> str:
        said = gap[1]
        if said.isidentifier():
            return names[said] if said in names else layout.table(said)
        return said if layout.has_customers else ""

    return _GAP.sub(fill, statement)


LAYOUTS = {
    RunMode.CLIENT: Layout("monitoring", "app", "municipality_id", has_customers=False),
    RunMode.ADMIN: Layout("fleet", "fleet", "local_municipality_id", has_customers=True),
}
