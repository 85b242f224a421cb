"""State of the tab with a customer's tariffs."""

import reflex as rx

from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import signed_in
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.service import tariffs
from portal.features.rates.view import TariffCard, build_cards, gaps_in_words
from portal.ui.failures import failure_in_words


class CustomerTariffsState(CustomerAddress, rx.State):
    """The tariffs of the customer in the address."""

    cards: list[TariffCard] = []
    warnings: list[str] = []
    tab_label: str = tr("Tariffs")
    is_loading: bool = True
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the tariffs; how many there are stands on the tab."""
        self.cards, self.tab_label = [], tr("Tariffs")
        with failure_in_words(self):
            stack = current()
            municipalities = await tariffs.list_customer_tariffs(stack, customer_uuid(self.customer_id))
            self.cards = build_cards(municipalities, stack.settings.billing.currency, stack.clock())
            self.warnings = gaps_in_words(municipalities)
            self.tab_label = f"Tariffs ({len(self.cards)})"
        self.is_loading = False
