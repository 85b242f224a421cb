"""The Client's first page: what is drawn now, what the day and the month have cost, and whether it is normal."""

import reflex as rx

from portal.client.dashboard import components
from portal.client.dashboard.state import DashboardState
from portal.client.nav import DASHBOARD, client_page

ROUTE = DASHBOARD
TITLE = "Dashboard"
ON_LOAD = DashboardState.follow


def dashboard_page() -> rx.Component:
    """Figures, the last day, the sites; or the first steps while there is no meter."""
    return client_page(
        TITLE,
        components.notes(),
        rx.cond(
            DashboardState.is_empty,
            components.first_steps(),
            rx.fragment(components.figures(), components.power_chart(), components.site_list()),
        ),
        section=ROUTE,
        actions=components.energy_seal(),
    )
