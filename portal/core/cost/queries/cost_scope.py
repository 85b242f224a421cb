"""Whose energy a cost question is about, and how the statements that answer it say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core.energy.rules.live import ALL_STORED, LiveHours

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.rules.live import Amounts

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class AsItStood:
    """An answer is asked for as it stood at an instant; `looked_at`: but for what nobody had looked at by then."""

    at: datetime
    looked_at: bool = False


@dataclass(frozen=True)
class CostScope:
    """Whose energy: a customer's on the Admin, one site's or all on the Client; and how it is grouped.

    `day_zone` is whose days it is grouped by, None while that is not known. `own_zone` is that of sites without a
    municipality.
    `live` are hours of which something else is stored than there is by now. With `stood` it is the answer of then.
    """

    layout: Layout
    from_at: datetime
    to_at: datetime
    customer_id: UUID | None = None
    site_id: UUID | None = None
    estimate_gaps: bool = False
    day_zone: ZoneInfo | None = _UTC
    own_zone: ZoneInfo = _UTC
    live: LiveHours = ALL_STORED
    stood: AsItStood | None = None

    def key_of(self, device_id: UUID) -> MeterKey:
        """Return the key of a device's meter."""
        return self.layout.key(device_id, self.customer_id)

    def energy_of(self, amounts: Amounts) -> int:
        """Return what of an hour is priced, in milliwatt-hours."""
        return amounts.allocated_milliwh + (amounts.estimated_milliwh if self.estimate_gaps else 0)


def given_of(scope: CostScope) -> dict[str, object]:
    """Return the parameters that say whose energy it is."""
    return {"customer_id": scope.customer_id, "site_id": scope.site_id}


def sql_of(scope: CostScope, statement: str, **parts: str) -> str:
    """Word a statement over hours `h`, devices `d` and sites `s` for a scope."""
    gaps = scope.estimate_gaps
    chosen = {
        "of_site_devices": "h.device_id = ANY(CAST(:site_devices AS uuid[])) AND" if scope.site_id else "",
        "of_site": "AND s.id = :site_id" if scope.site_id else "",
        "energy": "(h.allocated_milliwh + h.estimated_milliwh)" if gaps else "h.allocated_milliwh",
        "estimated": "h.estimated_milliwh" if gaps else "0::bigint",
        "unallocated": "0::bigint" if gaps else "h.unallocated_milliwh",
    }
    return scope.layout.sql(statement, **chosen, **parts)
