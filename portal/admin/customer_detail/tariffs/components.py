"""What the tab with the tariffs is made of."""

import reflex as rx

from portal.admin.customer_detail.tariffs.state import CustomerTariffsState as State
from portal.core.languages import tr
from portal.features.rates.parts import tariff_card
from portal.features.rates.view import TariffCard
from portal.ui.cards import card
from portal.ui.feedback import callouts, empty_state, error_panel, skeleton_lines
from portal.ui.vars import is_some


def tariffs_panel() -> rx.Component:
    """A card per tariff."""
    return rx.cond(
        State.failure != "",
        card(error_panel(State.failure, on_retry=State.load)),
        rx.cond(State.is_loading, card(skeleton_lines(4)), _cards()),
    )


def _cards() -> rx.Component:
    return rx.cond(
        is_some(State.cards),
        rx.fragment(callouts(State.warnings), rx.foreach(State.cards, _card)),
        card(
            empty_state(
                tr("No tariffs yet"),
                tr(
                    "Tariffs are entered on the customer's own stack, under Settings, Rates, and arrive "
                    "with its pushes."
                ),
                icon="receipt-text",
            )
        ),
    )


def _card(tariff: TariffCard) -> rx.Component:
    return tariff_card(tariff)
