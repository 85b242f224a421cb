"""What waits for a decision about the own meters, and what their readings are like."""

import reflex as rx

from portal.client.data_quality.state import QualityState as State
from portal.client.nav import DATA_QUALITY, client_page
from portal.core.languages import tr
from portal.features.data_quality.deciding import answer_form, decided
from portal.features.data_quality.parts import event_card, quality_body
from portal.features.settings.dialogs import dialog_drafts
from portal.ui.vars import size

ROUTE = DATA_QUALITY
TITLE = tr("Data quality")
ON_LOAD = State.load


def quality_page() -> rx.Component:
    """Route `/data-quality`."""
    return client_page(
        TITLE,
        quality_body(State, event_card(State, lambda: answer_form(State)), decided=decided(State)),
        dialog_drafts(State, "meter-decision"),
        section=ROUTE,
        subtitle=State.subtitle,
        actions=rx.cond(size(State.sites) > 1, _site_choice(), rx.fragment()),
    )


def _site_choice() -> rx.Component:
    return rx.el.select(
        rx.el.option(tr("All sites"), value=""),
        rx.foreach(State.sites, lambda site: rx.el.option(site[1], value=site[0])),
        value=State.site,
        on_change=State.choose_site,
        aria_label=tr("Site"),
        class_name="ui-input",
    )
