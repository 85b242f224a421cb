"""State of the tab with the sites and devices."""

import reflex as rx

from portal.admin.customer_detail.sites import view
from portal.admin.customer_detail.view import SITES, known_tab
from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import signed_in
from portal.core.fleet.service import customers
from portal.core.stack import current
from portal.ui.failures import failure_in_words


class CustomerSitesState(CustomerAddress, rx.State):
    """The sites of the customer named in the address."""

    sites: list[view.SiteCard] = []
    as_of: str = ""
    is_loading: bool = True
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the sites, when their tab is the open one."""
        if known_tab(self.router.url.query_parameters.get("tab", "")) != SITES:
            return
        self._start_over()
        with failure_in_words(self):
            stack = current()
            sites = await customers.list_customer_sites(stack, customer_uuid(self.customer_id))
            self.sites = view.build_sites(sites, stack.clock())
            self.as_of = view.as_of(sites, stack.settings.application.time_zone)
        self.is_loading = False
