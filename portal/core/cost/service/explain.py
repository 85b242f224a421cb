"""Explain this cent: everything that led to what an hour of a device costs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries import cost as costs
from portal.core.cost.queries.cost import CostScope
from portal.core.cost.queries.cost_report import load_municipalities
from portal.core.cost.queries.explain import find_device_hour, find_hours
from portal.core.cost.rules import explanation as domain
from portal.core.cost.rules.explanation import Explanation
from portal.core.energy.queries import split_intervals
from portal.core.errors import Invalid, NotFound
from portal.core.values.money import exact_decimals, kwh_from_milliwh
from portal.core.values.time import FIRST_YEAR, HOUR, LAST_YEAR, floor_hour
from portal.core.words import noted, say

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.cost.queries.explain import ExplainedHour
    from portal.core.cost.rules.rates import Segment
    from portal.core.energy.queries.split_intervals import DeviceHour
    from portal.core.energy.rules.as_of import AsOf
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs
    from portal.core.tariffs.rules.tariffs import Tariff

_UTC = ZoneInfo("UTC")
_MOST_LISTED = timedelta(days=4)


async def explain_hour(
    stack: Stack, device_id: UUID, hour_at: datetime, customer_id: UUID | None = None
) -> Explanation:
    """Explain the cost of the UTC hour that holds an aware instant, for a Client's device or a customer's.

    Raises `NotFound` for a device that is not there, or not that customer's, and `Invalid` for an hour out of range.
    """
    if not FIRST_YEAR <= hour_at.year <= LAST_YEAR:
        message = say(
            "'hour' must be between the years {first_year} and {last_year}",
            first_year=FIRST_YEAR,
            last_year=LAST_YEAR,
        )
        raise Invalid(message)
    hour = floor_hour(hour_at)
    scope = CostScope(stack.layout, hour, hour + HOUR, customer_id=customer_id)
    max_gap = timedelta(minutes=stack.settings.billing.max_gap_minutes)
    async with energy.counted(stack, customer_id) as counted:
        session, scope = counted.session, replace(scope, live=counted.live)
        found = await find_device_hour(session, scope, device_id)
        if found is None:
            message = noted("There is no such device")
            raise NotFound(message)
        await split_intervals.add_readings(session, scope.layout, customer_id, [found.device_hour], max_gap)
        municipalities = await load_municipalities(session, scope)
    municipality = next(
        (each for each in municipalities if each.municipality_id == found.municipality_id), None
    )
    explained = _explanation(found, municipality, scope, stack.settings.billing.currency)
    return replace(explained, as_of=counted.as_of)


@dataclass(frozen=True)
class HourLine:
    """An hour of a device with its energy and what it costs with VAT, exact; `periods` are its rates' names.

    `kwh_of` is the energy at each of them, without what no tariff covers.
    """

    hour_at: datetime
    kwh: Decimal
    total: Decimal
    periods: tuple[str | None, ...]
    kwh_of: dict[str | None, Decimal] = field(default_factory=dict[str | None, Decimal])


@dataclass(frozen=True)
class Hours:
    """Hours of a device, in order, and how far they go."""

    lines: tuple[HourLine, ...]
    as_of: AsOf


async def list_hours(
    stack: Stack, device_id: UUID, from_at: datetime, to_at: datetime, customer_id: UUID | None = None
) -> Hours:
    """Return the hours of a device with energy in `[from_at, to_at)`, at most a few days, in order."""
    first = floor_hour(from_at)
    scope = CostScope(stack.layout, first, min(to_at, first + _MOST_LISTED), customer_id=customer_id)
    max_gap = timedelta(minutes=stack.settings.billing.max_gap_minutes)
    async with energy.counted(stack, customer_id) as counted:
        session, scope = counted.session, replace(scope, live=counted.live)
        found = await find_hours(session, scope, device_id)
        municipalities = [
            municipality
            for municipality in await load_municipalities(session, scope)
            if found and municipality.municipality_id == found[0].municipality
        ]
        by_hour = costs.segments_by_hour(municipalities, scope)
        split = [hour for hour in found if len(by_hour[hour.hour]) > 1]
        await split_intervals.add_readings(session, scope.layout, customer_id, split, max_gap)
    lines = tuple(_hour_line(hour, costs.parts_of(hour, by_hour[hour.hour])) for hour in found)
    return Hours(lines, counted.as_of)


def _hour_line(found: DeviceHour, parts: list[tuple[Segment, int]]) -> HourLine:
    priced = [domain.priced_part(segment, milliwh, (), _UTC) for segment, milliwh in parts]
    with exact_decimals():
        total = sum((part.total for part in priced), Decimal(0))
        kwh_of: dict[str | None, Decimal] = defaultdict(Decimal)
        for part in priced:
            if part.rate_per_kwh is not None:
                kwh_of[part.period_name] += part.kwh
    names = tuple(dict.fromkeys(part.period_name for part in priced))
    kwh = kwh_from_milliwh(found.allocated_milliwh)
    return HourLine(found.hour.astimezone(UTC), kwh, total, names, dict(kwh_of))


def _explanation(
    found: ExplainedHour, municipality: MunicipalTariffs | None, scope: CostScope, currency: str
) -> Explanation:
    zone = (costs.zone_named(municipality.time_zone_id) if municipality else None) or scope.own_zone
    tariffs: tuple[Tariff, ...] = municipality.tariffs if municipality else ()
    parts = tuple(
        domain.priced_part(segment, milliwh, tariffs, zone)
        for segment, milliwh in costs.priced_hour(
            found.device_hour, [municipality] if municipality else [], scope
        )
    )
    currencies = {tariff.currency for tariff in tariffs if tariff.id == parts[0].tariff_id}
    its_currency = (currencies.pop() if currencies else None) or currency
    base, vat, total = domain.shown(parts, its_currency)
    hour = found.device_hour
    pieces = sorted([*hour.allocated_pieces, *hour.gap_pieces])
    return Explanation(
        device_id=hour.device_id,
        device_name=found.device_name,
        site_name=found.site_name,
        municipality=municipality.name if municipality else None,
        time_zone_id=str(zone),
        hour_at=hour.hour.astimezone(UTC),
        currency=its_currency,
        kwh=kwh_from_milliwh(hour.allocated_milliwh),
        unallocated_kwh=kwh_from_milliwh(found.unallocated_milliwh),
        estimated_kwh=kwh_from_milliwh(found.estimated_milliwh),
        suspect_readings=found.suspect_count,
        readings=domain.readings_used(hour.readings),
        pieces=tuple(domain.piece_used(piece, hour.hour) for piece in pieces),
        parts=parts,
        shown_base=base,
        shown_vat=vat,
        shown_total=total,
    )
