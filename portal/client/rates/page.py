"""Settings, Rates."""

import reflex as rx

from portal.client.offers.components import waiting_offers
from portal.client.offers.state import OffersState
from portal.client.rates.components import actions, listing
from portal.client.rates.editor import DRAFT, editor
from portal.client.rates.editor_state import TariffDraftState
from portal.client.rates.state import RatesState
from portal.core.languages import tr
from portal.features.settings.frame import Surface, Tab
from portal.web.events.drafts import held_draft_finder

RATES = Tab(tr("Rates"), "/settings/rates")
ON_LOAD = [RatesState.load, OffersState.count]


def rates_page(surface: Surface) -> rx.Component:
    """Route `/settings/rates`."""
    return surface.page(
        RATES,
        held_draft_finder(scope=DRAFT, done=TariffDraftState.draft_done, on_found=TariffDraftState.restore),
        rx.cond(TariffDraftState.is_open, editor(), rx.fragment(waiting_offers(), listing())),
        actions=rx.cond(TariffDraftState.is_open, rx.fragment(), actions()),
    )
