"""What the page with the library's offers is made of."""

import reflex as rx

from portal.client.offers.state import OffersState as State
from portal.client.offers.view import DifferenceRow, OfferCard, OtherRow
from portal.core.languages import tr
from portal.features.rates.parts import heat_maps, left_out
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, empty_state, skeleton_lines
from portal.ui.forms import button, select_field
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, data_table, head_cell, menu_cell
from portal.ui.vars import Click, is_some, sentence
from portal.web.events.identity import IdentityState

ADDRESS = "/settings/rates/library"
_OTHERS = (
    Column(tr("Municipality")),
    Column(tr("Tariff")),
    Column(tr("From")),
    Column(tr("Look"), is_hidden_label=True),
)


def offer_list() -> rx.Component:
    """What waits, what was answered, and what else the library has."""
    return rx.fragment(
        rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment()),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        rx.cond(State.is_loading, card(skeleton_lines(4)), _lists()),
    )


def waiting_offers() -> rx.Component:
    """On the dashboard and on Rates: that something waits, and the way to it, for those who may answer."""
    words = rx.cond(
        State.waiting == 1,
        tr("The operator's library has a tariff for you to look at. "),
        sentence("The operator's library has {waiting} tariffs for you to look at. ", waiting=State.waiting),
    )
    return rx.cond(
        (State.waiting > 0) & IdentityState.is_admin,
        callout(words, internal_link(tr("Compare and accept"), href=ADDRESS), tone="note"),
        rx.fragment(),
    )


def _lists() -> rx.Component:
    return rx.fragment(
        rx.cond(
            is_some(State.cards),
            rx.fragment(rx.el.p(State.summary, role="status"), rx.foreach(State.cards, _card)),
            card(
                empty_state(
                    tr("Nothing is offered for your municipalities"),
                    tr(
                        "When the operator publishes new prices for one of them, they are compared here with "
                        "yours."
                    ),
                    icon="library",
                    action=internal_link(tr("Back to Rates"), href="/settings/rates", class_name="ui-button"),
                )
            ),
        ),
        rx.cond(
            is_some(State.others),
            card(
                data_table(
                    _OTHERS, State.others, _other, caption=tr("Other tariffs of the library"), stacked=True
                ),
                title=tr("Other tariffs of the library"),
                flush=True,
            ),
            rx.fragment(),
        ),
    )


def _other(row: OtherRow) -> list[rx.Component]:
    href = f"{ADDRESS}?edition={row['id']}"
    look = internal_link(tr("Compare"), href=href, class_name="ui-button ui-button--small")
    return [
        head_cell(row["municipality"]),
        cell(row["name"], label=tr("Tariff")),
        cell(row["first"], label=tr("From")),
        menu_cell(rx.cond(row["is_known"], look, rx.fragment())),
    ]


def _card(offer: OfferCard) -> rx.Component:
    # Two tables of one page want different names.
    return card(
        rx.el.div(
            _origin(offer),
            _table(offer),
            rx.el.details(
                rx.el.summary(tr("The week of rates")),
                heat_maps(offer.tariff.maps),
                left_out(offer.tariff.left_out),
            ),
            rx.cond(offer.note != "", rx.el.p(offer.note, class_name="ui-hint"), rx.fragment()),
            _buttons(offer),
            class_name="ui-stack",
        ),
        title=offer.title,
        note=badge_for(offer.state, offer.tone),
    )


def _table(offer: OfferCard) -> rx.Component:
    columns = (
        Column(tr("What changes")),
        Column(offer.before_title, is_number=True),
        Column(offer.after_title, is_number=True),
        Column(tr("Change"), is_number=True),
    )
    same = rx.el.p(tr("It says the same as the tariff that is here."), class_name="ui-hint")
    return rx.cond(
        is_some(offer.rows),
        data_table(columns, offer.rows, _row, caption=tr("What changes"), stacked=True),
        same,
    )


def _row(row: DifferenceRow) -> list[rx.Component]:
    return [
        head_cell(row["label"]),
        cell(row["before"], number=True, label=tr("Before")),
        cell(rx.el.strong(row["after"]), number=True, label=tr("New")),
        cell(row["change"], number=True, label=tr("Change")),
    ]


def _origin(offer: OfferCard) -> rx.Component:
    source = rx.cond(offer.source != "", f" \u00b7 {offer.source}", "")
    return rx.el.p(offer.municipality, source, class_name="ui-hint")


def _buttons(offer: OfferCard) -> rx.Component:
    undo = button(
        tr("Undo"), on_click=State.undo(offer.id), aria_label=sentence("Undo {title}", title=offer.title)
    )
    answers = rx.cond(offer.has_municipality, _answers(offer), _choosing(offer))
    return rx.cond(offer.is_waiting, answers, rx.cond(offer.may_undo, rx.el.div(undo), rx.fragment()))


def _answers(offer: OfferCard) -> rx.Component:
    def accept(*, as_draft: bool) -> Click:
        return State.accept(offer.id, offer.version, as_draft)

    return rx.el.div(
        button(
            tr("Accept"),
            tone="primary",
            on_click=accept(as_draft=False),
            aria_label=sentence("Accept {title}", title=offer.title),
        ),
        button(tr("Keep as a draft"), on_click=accept(as_draft=True)),
        _decline(offer),
        class_name="ui-row",
    )


def _choosing(offer: OfferCard) -> rx.Component:
    """No municipality here has the name: a person says which one is meant."""
    return rx.el.form(
        rx.el.input(type="hidden", name="offer", value=offer.id, read_only=True),
        rx.el.input(type="hidden", name="version", value=offer.version, read_only=True),
        select_field(
            sentence(
                "No municipality here is called {municipality}. Which one is it for?",
                municipality=offer.municipality,
            ),
            name="municipality",
            options=State.municipalities_here,
        ),
        rx.el.div(button(tr("Accept"), tone="primary", kind="submit"), _decline(offer), class_name="ui-row"),
        on_submit=State.accept_for,
        class_name="ui-stack",
    )


def _decline(offer: OfferCard) -> rx.Component:
    return button(tr("Not for us"), tone="quiet", on_click=State.decline(offer.id, offer.version))
