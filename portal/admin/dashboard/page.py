"""The operators' dashboard: who loses data, who is behind, and what the fleet does now."""

import reflex as rx

from portal.admin.dashboard.components import content, live_badge
from portal.admin.dashboard.state import FleetState
from portal.admin.nav import DASHBOARD, admin_page
from portal.core.languages import tr

on_load = [FleetState.follow]


def dashboard_page() -> rx.Component:
    """Route `/`."""
    return admin_page(
        tr("Dashboard"),
        content(),
        section=DASHBOARD,
        subtitle=FleetState.shown["subtitle"],
        actions=live_badge(),
    )
