"""How everything that is watched stands now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.alerts import senders
from portal.core.alerts.queries import observed
from portal.core.alerts.rules.alert_rules import KINDS, AlertKind, AlertRule
from portal.core.alerts.rules.conditions import MonthCost, Observed, Watched
from portal.core.cost.queries import cost_report
from portal.core.cost.queries.calendars import zone_named
from portal.core.cost.queries.cost import CostScope
from portal.core.cost.rules.currencies import with_fixed
from portal.core.meters.queries import energy_since
from portal.core.quality.queries import meter_events
from portal.core.sites.queries import devices, sites
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import HOUR, floor_hour, local_midnight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.energy import Counted
    from portal.core.stack import Stack


async def observe(
    stack: Stack, rules: Sequence[AlertRule], listening_since: datetime, *, with_costs: bool
) -> Observed:
    """Look at all that some rules need; costs, which take longer, only `with_costs`."""
    now = stack.clock().astimezone(UTC)
    kinds = {rule.kind for rule in rules}
    lengths = {rule.minutes for rule in rules if rule.minutes and rule.kind is not AlertKind.SILENT}
    async with energy.counted(stack) as counted:
        session = counted.session
        zone = await senders.zone_of(stack, session)
        meters = await _meters(session, zone, now)
        windows = await observed.windows(session, lengths, now)
        day_kwh = await _day_kwh(counted, meters, now) if AlertKind.ENERGY_ABOVE in kinds else {}
        wanted = {rule.site_id for rule in rules if rule.kind is AlertKind.COST_ABOVE}
        costs = await _month_costs(stack, counted, wanted, now, zone) if with_costs or not wanted else None
        waiting: dict[UUID, int] = {}
        if AlertKind.METER_EVENT in kinds:
            asked = meter_events.EventsAsked(is_waiting=True)
            for event in await meter_events.list_events(session, stack.layout, asked):
                waiting[event.device_id] = waiting.get(event.device_id, 0) + 1
    return Observed(now, zone, meters, windows, day_kwh, costs, listening_since, waiting)


async def _meters(session: AsyncSession, own_zone: ZoneInfo, now: datetime) -> list[Watched]:
    zones: dict[UUID, ZoneInfo] = {}
    for site in await sites.list_sites(session):
        known = None if site.time_zone_id is None else zone_named(site.time_zone_id)
        zones[site.id] = known or own_zone
    return [
        Watched(
            device.id,
            device.name,
            device.site_id,
            device.site_name,
            zones[device.site_id],
            device.kind is DeviceKind.BULK,
            device.last_reading_at,
            None if device.max_power_kw is None else float(device.max_power_kw),
        )
        for device in await devices.list_devices(session, now)
        if device.is_active and device.kind is not DeviceKind.VIRTUAL
    ]


async def _day_kwh(counted: Counted, meters: Iterable[Watched], now: datetime) -> dict[UUID, Decimal]:
    starts = {
        meter.device_id: local_midnight(now.astimezone(meter.zone).date(), meter.zone) for meter in meters
    }
    found = await energy_since(counted, starts)
    return {device_id: kwh_from_milliwh(milliwh) for device_id, milliwh in found.items()}


async def _month_costs(
    stack: Stack, counted: Counted, wanted: Iterable[UUID | None], now: datetime, zone: ZoneInfo
) -> Mapping[UUID | None, MonthCost]:
    """Return the month's costs up to now, today's whole share of the fixed charges in them."""
    billing = stack.settings.billing
    max_gap = timedelta(minutes=billing.max_gap_minutes)
    today = now.astimezone(zone).date()
    begin = local_midnight(today.replace(day=1), zone)
    scope = CostScope(stack.layout, begin, floor_hour(now) + HOUR, day_zone=zone, live=counted.live)
    charged_until = local_midnight(today + timedelta(days=1), zone)
    found: dict[UUID | None, MonthCost] = {}
    for site_id in wanted:
        own = replace(scope, site_id=site_id)
        report = await cost_report.load_report(counted.session, own, billing.currency, max_gap)
        charges = await cost_report.load_fixed(
            counted.session, replace(own, to_at=charged_until), billing.currency
        )
        whole = with_fixed(report, charges)
        amount = whole.total + sum((each.total for each in whole.fixed), Decimal(0))
        found[site_id] = MonthCost(amount, whole.currency)
    return found


def is_slow(rules: Iterable[AlertRule]) -> bool:
    """Whether any of some rules needs what is looked at seldom."""
    return any(KINDS[rule.kind].unit == "money" for rule in rules)
