"""Charts over the fleet: who uses most, how that went, and who pushed when."""

import reflex as rx

from portal.admin.dashboards.components import content, range_choice
from portal.admin.dashboards.state import FleetChartsState
from portal.admin.nav import DASHBOARDS, admin_page
from portal.core.languages import tr
from portal.features.grafana.state import GrafanaState

on_load = [FleetChartsState.load, GrafanaState.load]


def dashboards_page() -> rx.Component:
    """Route `/dashboards`."""
    return admin_page(tr("Dashboards"), content(), section=DASHBOARDS, actions=range_choice())
