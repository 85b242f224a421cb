"""Whose energy a cost question is about, and how the statements that answer it say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from portal.core.energy.rules.live import ALL_STORED, LiveHours

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.energy.rules.live import Amounts

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class CostScope:
    """Whose energy: a customer's on the Admin, one site's or all on the Client; and how it is grouped.

    `day_zone` None groups by the local day of each site's municipality. `own_zone` is used for sites without one.
    `live` are hours of which something else is stored than there is by now.
    """

    from_at: datetime
    to_at: datetime
    customer_id: UUID | None = None
    site_id: UUID | None = None
    estimate_gaps: bool = False
    day_zone: ZoneInfo | None = _UTC
    own_zone: ZoneInfo = _UTC
    live: LiveHours = ALL_STORED

    @property
    def schema(self) -> str:
        """The schema that holds the readings."""
        return "monitoring" if self.customer_id is None else "fleet"

    def key_of(self, device_id: UUID) -> tuple[UUID, ...]:
        """Return the key of a device's meter."""
        return (device_id,) if self.customer_id is None else (self.customer_id, device_id)

    def energy_of(self, amounts: Amounts) -> int:
        """Return what of an hour is priced, in milliwatt-hours."""
        return amounts.allocated_milliwh + (amounts.estimated_milliwh if self.estimate_gaps else 0)


def given_of(scope: CostScope) -> dict[str, Any]:
    """Return the parameters that `names_of` speaks of."""
    given = (("customer_id", scope.customer_id), ("site_id", scope.site_id))
    return {name: value for name, value in given if value is not None}


def names_of(scope: CostScope) -> dict[str, str]:
    """Return what fills the gaps of the statements over hours `h`, devices `d` and sites `s`."""
    fleet = scope.customer_id is not None
    gaps = scope.estimate_gaps
    conditions = "AND d.customer_id = :customer_id " if fleet else ""
    return {
        "schema": scope.schema,
        "municipality": "local_municipality_id" if fleet else "municipality_id",
        "same_customer": "AND s.customer_id = d.customer_id" if fleet else "",
        "of_customer": "h.customer_id = :customer_id AND" if fleet else "",
        "of_site": "h.device_id = ANY(CAST(:site_devices AS uuid[])) AND" if scope.site_id else "",
        "scope": conditions + ("AND s.id = :site_id" if scope.site_id else ""),
        "energy": "(h.allocated_milliwh + h.estimated_milliwh)" if gaps else "h.allocated_milliwh",
        "estimated": "h.estimated_milliwh" if gaps else "0::bigint",
        "unallocated": "0::bigint" if gaps else "h.unallocated_milliwh",
    }
