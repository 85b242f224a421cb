"""What a month cost all customers, in one table."""

import reflex as rx

from portal.admin.fleet_cost.components import month_content, month_step
from portal.admin.fleet_cost.state import FleetCostState
from portal.admin.nav import FLEET_COST, admin_page
from portal.core.languages import tr

on_load = [FleetCostState.load]


def fleet_cost_page() -> rx.Component:
    """Route `/cost`."""
    return admin_page(
        tr("Cost"),
        month_content(),
        section=FLEET_COST,
        subtitle=tr("A month of all customers"),
        actions=month_step(),
    )
