"""Which devices a cost question is about, where each is priced, and which of them are added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.cost.queries.calendars import NOWHERE
from portal.core.cost.queries.cost_scope import given_of, sql_of
from portal.core.cost.rules.cost import DeviceRef
from portal.core.database.rows import rows_of
from portal.core.sites.rules.meter_tree import formula_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.cost.queries.calendars import Calendar
    from portal.core.cost.queries.cost_scope import CostScope

_DEVICES = """
SELECT d.id, d.name, s.name AS site_name, s.id AS site_id, coalesce(s.{municipality_id}, 0) AS municipality,
       d.parent_id, d.formula
FROM {devices} d JOIN {sites} s ON {s.customer_id = d.customer_id AND} s.id = d.site_id
WHERE {d.customer_id = :customer_id AND} true {of_site}
ORDER BY s.name, d.name, d.id
"""


class _MeteredDevice(NamedTuple):
    id: UUID
    name: str
    site_name: str
    site_id: UUID
    municipality: int
    parent_id: UUID | None
    formula: dict[str, list[str]] | None

    def ref(self) -> DeviceRef:
        """Return the device as a report lists it."""
        formula = formula_of(self.formula)
        return DeviceRef(self.id, self.name, self.site_name, self.site_id, self.parent_id, formula)


class ScopeMeters(NamedTuple):
    """The devices of a scope, the municipality each is in, and those that measure and are not added up."""

    refs: tuple[DeviceRef, ...]
    municipality_of: dict[UUID, int]
    not_added: frozenset[UUID]

    @property
    def added_up(self) -> dict[UUID, int]:
        """The municipality of each that is added up."""
        return {key: value for key, value in self.municipality_of.items() if key not in self.not_added}

    def bulk_alone(self) -> tuple[dict[str, str], dict[str, object]]:
        """Return the part of a statement that leaves out what is not added up, and its parameter."""
        if not self.not_added:
            return {"bulk_alone": ""}, {}
        wanted = "h.device_id <> ALL(CAST(:not_added AS uuid[])) AND"
        return {"bulk_alone": wanted}, {"not_added": sorted(self.not_added)}


async def load_meters(session: AsyncSession, scope: CostScope, calendar: Calendar) -> ScopeMeters:
    """Return the devices of a scope, and the municipality in the calendar that each is in."""
    rows = await rows_of(session, _MeteredDevice, sql_of(scope, _DEVICES), given_of(scope))
    known = {municipality for municipality, _ in calendar.whole} | {
        municipality for municipality, _ in calendar.split
    }
    return ScopeMeters(
        tuple(row.ref() for row in rows),
        {row.id: row.municipality if row.municipality in known else NOWHERE for row in rows},
        frozenset(row.id for row in rows if row.parent_id is not None and row.formula is None),
    )
