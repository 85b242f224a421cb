"""Navigation of the Client mode, and the frame its pages share."""

from typing import Final

import reflex as rx

from portal.core.languages import tr
from portal.features.data_quality.entry import quality_entry
from portal.features.data_quality.waiting_state import WaitingState
from portal.features.settings.frame import NAV_ITEM as SETTINGS_ENTRY
from portal.ui.layout import NavItem, page_frame
from portal.ui.vars import Text
from portal.web.events.identity import IdentityState

DASHBOARD: Final = "/"
DASHBOARDS: Final = "/dashboards"
COST: Final = "/cost"
DATA_QUALITY: Final = "/data-quality"
ALERTS: Final = "/alerts"
SITES: Final = "/sites"
ADD_METER: Final = f"{SITES}/add"
IMPORT: Final = f"{SITES}/import"
BOARDS: Final = f"{SITES}/boards"
# Only what exists: an entry appears together with its page.
NAV: Final = (
    NavItem(tr("Dashboard"), DASHBOARD, "gauge"),
    NavItem(tr("Dashboards"), DASHBOARDS, "chart-line"),
    NavItem(tr("Cost"), COST, "receipt-text"),
    quality_entry(DATA_QUALITY),
    NavItem(tr("Alerts"), ALERTS, "bell"),
    NavItem(tr("Sites"), SITES, "map-pin", IdentityState.is_admin),
    SETTINGS_ENTRY,
)


def client_page(
    title: Text,
    *content: rx.Component,
    section: str,
    actions: rx.Component | None = None,
    subtitle: rx.Component | Text | None = None,
    aside: rx.Component | None = None,
) -> rx.Component:
    """A page of the Client mode; `section` is the href of the navigation entry it belongs to."""
    return page_frame(
        title,
        *content,
        nav=NAV,
        section=section,
        user=IdentityState.email,
        actions=actions,
        subtitle=subtitle,
        on_shown=WaitingState.follow,
        aside=aside,
    )
