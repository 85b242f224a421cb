"""Navigation of the Admin mode, and the frame its pages share."""

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
CUSTOMERS: Final = "/customers"
FLEET_COST: Final = "/cost"
DATA_QUALITY: Final = "/data-quality"
LIBRARY: Final = "/tariff-library"
NAV: Final = (
    NavItem(tr("Dashboard"), DASHBOARD, "gauge"),
    NavItem(tr("Dashboards"), DASHBOARDS, "chart-line"),
    NavItem(tr("Customers"), CUSTOMERS, "building-2"),
    NavItem(tr("Cost"), FLEET_COST, "receipt-text"),
    NavItem(tr("Tariffs"), LIBRARY, "library"),
    quality_entry(DATA_QUALITY),
    SETTINGS_ENTRY,
)


def admin_page(
    title: Text,
    *content: rx.Component,
    section: str,
    actions: rx.Component | None = None,
    subtitle: rx.Component | Text | None = None,
    back: tuple[str, str] | None = None,
    aside: rx.Component | None = None,
) -> rx.Component:
    """A page of the Admin mode; `section` is the href of the navigation entry it belongs to."""
    return page_frame(
        title,
        *content,
        nav=NAV,
        section=section,
        user=IdentityState.email,
        actions=actions,
        subtitle=subtitle,
        back=back,
        on_shown=WaitingState.follow,
        aside=aside,
    )
