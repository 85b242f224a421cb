"""Sites and their meters, for admins: the tree, and the meter of the address beside it."""

import reflex as rx

from portal.client.boards.dialogs import board_dialogs
from portal.client.nav import SITES, client_page
from portal.client.sites import components
from portal.client.sites.board_dialog_state import SiteBoardDialogs
from portal.client.sites.dialogs import dialogs
from portal.client.sites.panel import meter_panel
from portal.client.sites.state import SitesState
from portal.core.languages import tr

ROUTE = SITES
TITLE = tr("Sites")
ON_LOAD = SitesState.follow


def sites_page() -> rx.Component:
    """Route `/sites`."""
    return client_page(
        TITLE,
        components.listing(),
        dialogs(),
        board_dialogs(SiteBoardDialogs),
        section=ROUTE,
        actions=components.actions(),
        subtitle=SitesState.found.summary,
        aside=meter_panel(),
    )
