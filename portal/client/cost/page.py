"""What the energy of the own sites cost, by day, site, device and time of use."""

import reflex as rx

from portal.client.cost.components import cost_content
from portal.client.cost.explain_state import CostExplainState
from portal.client.cost.state import CostState
from portal.client.nav import COST, client_page
from portal.core.languages import tr
from portal.features.cost.explain_parts import explain_panel

ROUTE = COST
TITLE = tr("Cost")
ON_LOAD = (CostState.load, CostExplainState.load)


def cost_page() -> rx.Component:
    """Route `/cost`."""
    return client_page(TITLE, cost_content(), section=ROUTE, aside=explain_panel(CostExplainState))
