"""Settings, Rates, what the operator's library offers."""

import reflex as rx

from portal.client.offers.components import ADDRESS, offer_list
from portal.client.offers.state import OffersState
from portal.core.languages import tr
from portal.features.settings.frame import SETTINGS, Surface

ROUTE = ADDRESS
TITLE = tr("Tariff library")
ON_LOAD = OffersState.load


def offers_page(surface: Surface) -> rx.Component:
    """Route `/settings/rates/library`."""
    return surface.frame(
        TITLE, offer_list(), section=SETTINGS, subtitle=tr("New prices of your municipalities, beside yours")
    )
