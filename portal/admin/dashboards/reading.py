"""Reads what the charts over the fleet are drawn from."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.admin.dashboards import drawings, view
from portal.admin.dashboards.address import ChartsAsked
from portal.core.fleet.service import fleet_charts
from portal.core.stack import Stack

_DRAWN_BY_ITSELF = 3


async def read_charts(stack: Stack, rank: fleet_charts.FleetRank, asked: ChartsAsked) -> dict[str, Any]:
    """Return the fields of the page's state with drawings; of those that use most where nobody is compared."""
    now, zone = stack.clock(), ZoneInfo(stack.settings.application.time_zone)
    wanted = asked.compared or tuple(line.id for line in rank.lines[:_DRAWN_BY_ITSELF] if line.milliwh)
    names = view.names_of(rank.lines, wanted)
    points = await fleet_charts.energy_over_time(stack, list(names), asked.days, asked.customer)
    window = fleet_charts.span_of(now, asked.days, zone.key)
    found = {"lines": drawings.draw_lines(points, names, window, asked.days, zone)}
    if asked.customer is not None:
        return found | {"fleet": drawings.NO_BARS, "pushes": drawings.NO_MAP}
    shown = _shown(rank, asked)
    pushes = await fleet_charts.pushes_of(stack, tuple(customer for customer, _ in shown))
    days = await fleet_charts.fleet_days(stack, max(asked.days, 7))
    return found | {
        "fleet": drawings.draw_fleet_days(days),
        "pushes": drawings.draw_pushes(pushes, shown, now, zone),
    }


def _shown(rank: fleet_charts.FleetRank, asked: ChartsAsked) -> list[tuple[UUID, str]]:
    """Return the customers of the page that is shown."""
    first = (asked.page - 1) * view.ROWS
    return [(line.id, line.name) for line in rank.lines[first : first + view.ROWS]]
