"""Settings, Rates."""

import reflex as rx

from portal.client.rates.components import actions, listing
from portal.client.rates.editor import editor
from portal.client.rates.editor_state import TariffDraftState
from portal.client.rates.state import RatesState
from portal.settings.frame import Surface, Tab

RATES = Tab("Rates", "/settings/rates")
ON_LOAD = RatesState.load


def rates_page(surface: Surface) -> rx.Component:
    """Route `/settings/rates`."""
    return surface.page(
        RATES,
        rx.cond(TariffDraftState.is_open, editor(), listing()),
        actions=rx.cond(TariffDraftState.is_open, rx.fragment(), actions()),
    )
