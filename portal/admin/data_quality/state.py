"""State of the Data quality page over the fleet."""

import reflex as rx

from portal.admin.data_quality import view
from portal.auth.guards import signed_in
from portal.core.quality.service import meter_events
from portal.core.stack import current
from portal.core.values.pages import Asked
from portal.features.data_quality.view import subtitle
from portal.ui.failures import failure_in_words

# As many as somebody reads; the others are at their customers.
_MOST = 100


class FleetQualityState(rx.State):
    """What waits for a decision, customer by customer."""

    customers: list[view.WaitingCustomer] = []
    customers_note: str = ""
    events_note: str = ""
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
            waiting = await meter_events.waiting_by_customer(stack)
            zone = stack.settings.application.time_zone
            count = sum(each.events for each in waiting)
            self.customers, self.customers_note = view.customer_lines(waiting), view.customers_note(waiting)
            self.events = view.fleet_lines(
                page.items, {each.customer_id: each.name for each in waiting}, zone
            )
            self.events_note = view.events_note(len(page.items), count)
            self.subtitle = subtitle(count, can_decide=False)
        self.is_loading = False
