"""Where the pages find Grafana."""

import reflex as rx

from portal.auth.guards import admin_only, signed_in
from portal.core.stack import current


class GrafanaState(rx.State):
    """Where Grafana is on this origin; empty where a stack has none."""

    path: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read it from the settings."""
        self.path = current().settings.grafana.url

    @rx.event
    @admin_only
    async def load_for_admins(self):
        """Read it for a page of admins."""
        self.path = current().settings.grafana.url
