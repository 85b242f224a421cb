"""State of the page with what the operator's library offers."""

from typing import Any
from uuid import UUID

import reflex as rx

from portal.auth.guards import admin_only, signed_in
from portal.client.offers import view
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.service import municipalities, offers
from portal.ui.failures import failure_in_words


class OffersState(rx.State):
    """What is offered, each beside what it would change; the address may name one more of them to look at."""

    cards: list[view.OfferCard] = []
    others: list[view.OtherRow] = []
    municipalities_here: list[tuple[str, str]] = []
    summary: str = ""
    waiting: int = 0
    notice: str = ""
    failure: str = ""
    is_loading: bool = True

    @rx.event
    @admin_only
    async def load(self):
        """Read what is offered."""
        self.notice = ""
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @signed_in
    async def count(self):
        """Say on the dashboard and on Rates how many wait."""
        with failure_in_words(self):
            self.waiting = await offers.count_waiting(current())

    @rx.event
    @admin_only
    async def accept(self, offer_id: str, version: str, as_draft: bool):
        """Make a tariff of an offer as it is shown: in force from its first day, or a draft."""
        with failure_in_words(self):
            await offers.accept(current(), _key(offer_id), None, (version,), as_draft=as_draft)
            self.notice = (
                tr("It is a draft now, on Rates.")
                if as_draft
                else tr("Accepted: it holds from its first day.")
            )
            await self._read()

    @rx.event
    @admin_only
    async def accept_for(self, form: dict[str, Any]):
        """Make a tariff of an offer for the municipality that was chosen: none here has its name."""
        with failure_in_words(self):
            chosen = str(form.get("municipality", ""))
            if not chosen.isdecimal():
                raise Invalid(tr("Add a municipality on Rates first"))
            version = (str(form.get("version", "")),)
            await offers.accept(current(), _key(str(form.get("offer", ""))), int(chosen), version)
            self.notice = tr("Accepted: it holds from its first day.")
            await self._read()

    @rx.event
    @admin_only
    async def decline(self, offer_id: str, version: str):
        """Ask no more about an offer, until it is changed."""
        with failure_in_words(self):
            await offers.decline(current(), _key(offer_id), (version,))
            self.notice = tr("It is not asked about again, unless the operator changes it.")
            await self._read()

    @rx.event
    @admin_only
    async def undo(self, offer_id: str):
        """Take back what was said to an offer."""
        with failure_in_words(self):
            await offers.undo(current(), _key(offer_id))
            self.notice = tr("It is as it was before.")
            await self._read()

    async def _read(self) -> None:
        stack = current()
        found = await offers.list_offers(stack)
        shown = self.router.url.query_parameters.get("edition", "")
        settings = stack.settings
        self.cards = view.build_offers(
            found, shown, settings.billing.currency, settings.application.time_zone
        )
        self.others = view.build_others(found)
        self.summary, self.waiting = view.summary(found), sum(each.is_waiting for each in found)
        self.municipalities_here = [
            (str(each.id), each.name) for each in await municipalities.list_municipalities(stack)
        ]


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such offer.")) from None
