"""What the energy of the own sites cost, by day, site, device and time of use."""

import reflex as rx

from portal.client.cost.components import cost_content
from portal.client.cost.state import CostState
from portal.client.nav import COST, client_page

ROUTE = COST
TITLE = "Cost"
ON_LOAD = CostState.load


def cost_page() -> rx.Component:
    """Route `/cost`."""
    return client_page(TITLE, cost_content(), section=ROUTE)
