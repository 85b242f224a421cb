"""State of the page that shows a customer's data as the customer sees it."""

import reflex as rx

from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import signed_in
from portal.core.errors import NotFound
from portal.core.fleet.service import viewing
from portal.core.stack import current
from portal.ui.failures import failure_in_words


class CustomerViewState(CustomerAddress, rx.State):
    """Whose data it is, and that it is on record that somebody looks at it."""

    code: str = ""
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Write down that somebody looks; whose address is nobody's is said by the page."""
        self.code = ""
        with failure_in_words(self):
            try:
                self.code = await viewing.view_as(current(), customer_uuid(self.customer_id))
            except NotFound:
                return
