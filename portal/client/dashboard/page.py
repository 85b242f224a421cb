"""The Client's first page: what is drawn now, what the day and the month have cost, and whether it is normal."""

import reflex as rx

from portal.client.dashboard import components, outlook_parts
from portal.client.dashboard.outlook_state import OutlookState
from portal.client.dashboard.state import DashboardState
from portal.client.nav import DASHBOARD, client_page
from portal.client.offers.components import waiting_offers
from portal.client.offers.state import OffersState
from portal.core.languages import tr
from portal.features.grafana.embed import embedded
from portal.features.grafana.state import GrafanaState

ROUTE = DASHBOARD
TITLE = tr("Dashboard")
ON_LOAD = (DashboardState.follow, OutlookState.follow_outlook, OffersState.count, GrafanaState.load)


def dashboard_page() -> rx.Component:
    """Whether today is normal, the figures, the day by the hour, the month, the sites; or the first steps."""
    return client_page(
        TITLE,
        components.notes(),
        waiting_offers(),
        rx.cond(
            DashboardState.is_empty,
            components.first_steps(),
            rx.fragment(
                outlook_parts.sentence(),
                components.figures(),
                outlook_parts.day_and_month(),
                outlook_parts.site_costs(),
                components.site_list(),
                embedded("power-overview", tr("Every quantity, in Grafana")),
            ),
        ),
        section=ROUTE,
        subtitle=OutlookState.outlook.subtitle,
        actions=components.seals(),
    )
