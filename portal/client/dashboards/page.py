"""Charts of every quantity that is measured, over any time."""

import reflex as rx

from portal.client.dashboards.components import content, files
from portal.client.dashboards.state import ChartsState
from portal.client.nav import DASHBOARDS, client_page
from portal.core.languages import tr

ROUTE = DASHBOARDS
TITLE = tr("Dashboards")
ON_LOAD = ChartsState.load


def dashboards_page() -> rx.Component:
    """Route `/dashboards`."""
    return client_page(TITLE, content(), section=ROUTE, actions=files())
