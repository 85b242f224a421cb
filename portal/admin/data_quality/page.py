"""What waits for a decision over the fleet; it is made at the customer."""

import reflex as rx

from portal.admin.data_quality.components import fleet_quality
from portal.admin.data_quality.state import FleetQualityState as State
from portal.admin.nav import DATA_QUALITY, admin_page
from portal.core.languages import tr

ROUTE = DATA_QUALITY
TITLE = tr("Data quality")
ON_LOAD = State.load


def quality_page() -> rx.Component:
    """Route `/data-quality`."""
    return admin_page(TITLE, fleet_quality(), section=ROUTE, subtitle=State.subtitle)
