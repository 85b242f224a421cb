"""Explain this cent: everything that led to what an hour of a device costs."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from portal.core.domain import explanation as domain
from portal.core.domain.explanation import Explanation
from portal.core.domain.money import kwh_from_milliwh
from portal.core.domain.time import HOUR, floor_hour
from portal.core.errors import NotFound
from portal.core.queries import cost as costs
from portal.core.queries import cut_hours
from portal.core.queries.cost import CostScope
from portal.core.queries.cost_report import load_places
from portal.core.queries.explain import find_device_hour

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.domain.tariffs import Tariff
    from portal.core.queries.explain import ExplainedHour
    from portal.core.queries.tariffs import MunicipalTariffs
    from portal.core.stack import Stack


async def explain_hour(
    stack: Stack, device_id: UUID, hour_at: datetime, customer_id: UUID | None = None
) -> Explanation:
    """Explain the cost of the UTC hour that holds an aware instant, for a Client's device or a customer's.

    Raises `NotFound` for a device that is not there, or not that customer's.
    """
    hour = floor_hour(hour_at)
    scope = CostScope(hour, hour + HOUR, customer_id=customer_id)
    max_gap = timedelta(minutes=stack.settings.billing.max_gap_minutes)
    await stack.storage.refresh(stack.db)
    async with stack.db.snapshot() as session:
        found = await find_device_hour(session, scope.schema, customer_id, device_id, hour)
        if found is None:
            message = "There is no such device"
            raise NotFound(message)
        await cut_hours.add_pieces(session, scope.schema, customer_id, [found.device_hour], max_gap)
        places = await load_places(session, scope)
    place = next((each for each in places if each.municipality_id == found.municipality_id), None)
    return _explanation(found, place, scope, stack.settings.billing.currency)


def _explanation(
    found: ExplainedHour, place: MunicipalTariffs | None, scope: CostScope, currency: str
) -> Explanation:
    zone = (costs.zone_named(place.time_zone_id) if place else None) or scope.own_zone
    tariffs: tuple[Tariff, ...] = place.tariffs if place else ()
    parts = tuple(
        domain.priced_part(segment, milliwh, tariffs, zone)
        for segment, milliwh in costs.priced_hour(found.device_hour, [place] if place else [], scope)
    )
    currencies = {tariff.currency for tariff in tariffs if tariff.id == parts[0].tariff_id}
    base, vat, total = domain.shown(parts)
    hour = found.device_hour
    pieces = sorted([*hour.allocated_pieces, *hour.gap_pieces])
    return Explanation(
        device_id=hour.device_id,
        device_name=found.device_name,
        site_name=found.site_name,
        municipality=place.name if place else None,
        time_zone_id=str(zone),
        hour_at=hour.hour.astimezone(UTC),
        currency=(currencies.pop() if currencies else None) or currency,
        kwh=kwh_from_milliwh(hour.allocated_milliwh),
        unallocated_kwh=kwh_from_milliwh(found.unallocated_milliwh),
        estimated_kwh=kwh_from_milliwh(found.estimated_milliwh),
        suspect_readings=found.suspect_count,
        readings=domain.readings_used(hour.steps),
        pieces=tuple(domain.piece_used(piece, hour.hour) for piece in pieces),
        parts=parts,
        shown_base=base,
        shown_vat=vat,
        shown_total=total,
    )
