"""State of a customer's page: whose it is, and which tab is open."""

import reflex as rx

from portal.admin.customer_detail import view
from portal.admin.identifiers import CustomerAddress, customer_path, customer_uuid, view_path
from portal.auth.guards import signed_in
from portal.core.energy import energy_proof
from portal.core.errors import NotFound
from portal.core.fleet.service import customer_lists
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.data_quality.seal import Seal, build_seal
from portal.ui.failures import failure_in_words


class CustomerState(CustomerAddress, rx.State):
    """The customer named in the address."""

    head: view.CustomerHead = view.NOBODY
    seal: Seal = Seal()
    title: str = tr("Customer")
    tab: str = ""
    is_missing: bool = False
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read who the page is about."""
        self._start_over()
        self.tab = view.known_tab(self.router.url.query_parameters.get("tab", ""))
        with failure_in_words(self):
            try:
                stack = current()
                line = await customer_lists.customer_now(stack, customer_uuid(self.customer_id))
                self.seal = build_seal(await energy_proof.latest_proof(stack, line.id), stack.clock())
                self.head = view.build_head(line, stack.clock(), stack.settings.application.time_zone)
                self.title = self.head["name"]
            except NotFound:
                self.is_missing, self.title = True, tr("Customer not found")

    @rx.event
    @signed_in
    def open_tab(self, tab: str):
        """Go to another tab; the address says which, so it can be sent to somebody."""
        self.tab = view.known_tab(tab)
        return rx.redirect(f"{customer_path(self)}?tab={self.tab}", replace=True)

    @rx.event
    @signed_in
    def view_as(self):
        """Show the customer's data as the customer sees it."""
        return rx.redirect(view_path(self.customer_id))
