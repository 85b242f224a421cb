"""Alerts: what happened, what is watched, and who is told."""

import reflex as rx

from portal.client.alerts.components import listing
from portal.client.alerts.dialogs import dialogs
from portal.client.alerts.state import AlertsState
from portal.client.nav import ALERTS, client_page
from portal.core.languages import tr

ROUTE = ALERTS
TITLE = tr("Alerts")
ON_LOAD = AlertsState.follow


def alerts_page() -> rx.Component:
    """Route `/alerts`."""
    return client_page(TITLE, listing(), dialogs(), section=ROUTE, subtitle=AlertsState.summary)
