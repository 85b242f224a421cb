"""Reads what a month's report says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from portal.core import energy
from portal.core.alerts import senders
from portal.core.alerts.queries import alerts
from portal.core.alerts.rules.alert_rules import KINDS
from portal.core.cost.queries import cost_report
from portal.core.cost.queries.cost import CostScope
from portal.core.cost.queries.coverage import load_coverage
from portal.core.cost.rules.currencies import with_fixed
from portal.core.errors import Invalid
from portal.core.overview.rules.forecast import month_bounds
from portal.core.reports.rules.month_report import (
    MonthEvent,
    MonthReport,
    MonthTotals,
    build_report,
    month_before,
    totals_of,
)
from portal.core.values.time import EARLIEST_READING_AT, HOUR, floor_hour, local_midnight
from portal.core.words import noted, say

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from portal.core.cost.rules.cost import CostReport
    from portal.core.energy import Counted
    from portal.core.stack import Stack

_BESIDE = ((noted("The month before"), 1), (noted("The same month a year before"), 12))


async def read_month(stack: Stack, month: date | None = None) -> MonthReport:
    """Return a local month's report, the last that is over where none is named.

    Raises `Invalid` for a month that has not begun or lies before all readings.
    """
    now = stack.clock().astimezone(UTC)
    async with stack.db.reports, energy.counted(stack) as counted:
        zone = await senders.zone_of(stack, counted.session)
        this = now.astimezone(zone).date().replace(day=1)
        asked = month_before(this, 1) if month is None else month.replace(day=1)
        if not EARLIEST_READING_AT.date() <= asked <= this:
            message = say(
                "There is no report of {asked}: months are from 2010-01 to {this}",
                asked=f"{asked:%Y-%m}",
                this=f"{this:%Y-%m}",
            )
            raise Invalid(message)
        report, *cover = await _month(stack, counted, asked, now, zone)
        beside = [
            (
                label,
                await _totals(stack, counted, month_before(asked, count), now, zone),
                month_before(asked, count),
            )
            for label, count in _BESIDE
        ]
        found = await alerts.alerts_between(counted.session, *month_bounds(asked, zone))
    events = [MonthEvent(each.began_at, each.ended_at, _words(each)) for each in found]
    return build_report(
        totals_of(asked, report, *cover),
        report,
        beside,
        events,
        zone=zone,
        made_at=now,
        is_so_far=asked == this,
    )


def _words(each: alerts.StoredAlert) -> str:
    label = say(KINDS[each.kind].label)
    return say("{label}: {subject}. {words}", label=label, subject=each.subject, words=each.spoken)


async def _totals(
    stack: Stack, counted: Counted, month: date, now: datetime, zone: ZoneInfo
) -> MonthTotals | None:
    if month < EARLIEST_READING_AT.date():
        return None
    report, *cover = await _month(stack, counted, month, now, zone)
    return totals_of(month, report, *cover)


async def _month(
    stack: Stack, counted: Counted, month: date, now: datetime, zone: ZoneInfo
) -> tuple[CostReport, float, float]:
    """Return what a month cost with its fixed charges, which share of its hours is known, and of how many meters."""
    billing = stack.settings.billing
    begin, end = month_bounds(month, zone)
    until = min(end, floor_hour(now) + HOUR)
    tomorrow = local_midnight(now.astimezone(zone).date() + timedelta(days=1), zone)
    scope = CostScope(stack.layout, begin, until, day_zone=zone, live=counted.live)
    max_gap = timedelta(minutes=billing.max_gap_minutes)
    report = await cost_report.load_report(counted.session, scope, billing.currency, max_gap)
    charged = replace(scope, to_at=min(end, tomorrow))
    charges = await cost_report.load_fixed(counted.session, charged, billing.currency)
    coverage = await load_coverage(counted.session, scope, zone.key, now)
    share = coverage.covered / coverage.asked if coverage.asked else 0.0
    return with_fixed(report, charges), share, coverage.asked / ((until - begin) / HOUR)
