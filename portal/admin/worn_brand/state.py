"""State of the brand that a customer's page wears."""

import reflex as rx

from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import signed_in
from portal.core.errors import NotFound
from portal.core.fleet.service import customer_brands
from portal.core.stack import current
from portal.ui.failures import failure_in_words


class WornBrandState(CustomerAddress, rx.State):
    """How the customer named in the address calls its own portal, in its own colour; empty where it never chose."""

    name: str = ""
    colour: str = ""
    logo: str = ""
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read it, when the page is shown."""
        self.reset()
        with failure_in_words(self):
            try:
                wanted = customer_uuid(self.customer_id)
            except NotFound:
                return
            found = await customer_brands.find_brand(current(), wanted)
            if found is not None:
                self.name, self.colour = found.product_name or "", found.accent_color or ""
                stamp = f"{found.version.timestamp():.0f}"
                self.logo = f"/download/customers/{wanted}/logo?version={stamp}" if found.has_logo else ""
