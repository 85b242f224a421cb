"""The pages of the Client mode."""

import reflex as rx

from portal.auth.branding import ICON_PATH
from portal.client.dashboard import page as dashboard
from portal.client.nav import client_page
from portal.settings import pages as settings
from portal.settings.frame import Surface


def add_pages(app: rx.App) -> None:
    """Add every page of this mode to the app."""
    app.add_page(
        dashboard.dashboard_page,
        route=dashboard.ROUTE,
        title=dashboard.TITLE,
        image=ICON_PATH,
        on_load=dashboard.ON_LOAD,
    )
    settings.add_pages(app, Surface(client_page))
