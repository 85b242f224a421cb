"""State of the Data quality page over the fleet."""

import reflex as rx

from portal.admin.data_quality import view
from portal.auth.guards import signed_in
from portal.core.fleet.service import customers
from portal.core.quality.service import meter_events
from portal.core.stack import current
from portal.core.values.pages import Asked
from portal.features.data_quality.view import subtitle
from portal.ui.failures import failure_in_words

_MOST = 500


class FleetQualityState(rx.State):
    """What waits for a decision, customer by customer."""

    customers: list[view.WaitingCustomer] = []
    events: list[view.FleetEventLine] = []
    subtitle: str = ""
    failure: str = ""
    is_loading: bool = True

    @rx.event
    @signed_in
    async def load(self):
        """Read what waits."""
        with failure_in_words(self):
            stack = current()
            page = await meter_events.list_events(stack, asked=Asked(_MOST))
            names = {line.id: line.name for line in await customers.list_customers(stack)}
            zone = stack.settings.application.time_zone
            self.customers = view.customer_lines(page.items, names)
            self.events = view.fleet_lines(page.items, names, zone)
            self.subtitle = subtitle(len(page.items), can_decide=False)
        self.is_loading = False
