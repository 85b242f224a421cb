"""The Client's first page."""

import reflex as rx

from portal.client.nav import DASHBOARD, client_page

ROUTE = DASHBOARD
TITLE = "Dashboard"
ON_LOAD = None


def dashboard_page() -> rx.Component:
    """What is drawn now, and whether it is normal."""
    return client_page(TITLE, section=ROUTE)
