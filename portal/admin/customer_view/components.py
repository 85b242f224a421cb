"""What the page of a customer's view has around the customer's data."""

import reflex as rx

from portal.admin.customer_detail.panels import data_panels, words_of
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.view import COST, SITES, TABS, TARIFFS
from portal.admin.customer_view.state import CustomerViewState
from portal.core.languages import tr
from portal.ui.feedback import callout
from portal.ui.layout import internal_link
from portal.ui.tabs import tab_bar

_OWN = (SITES, TARIFFS, COST)


def banner() -> rx.Component:
    """Says whose eyes these are, that nothing can be changed, and the way out."""
    return rx.fragment(
        rx.cond(
            CustomerViewState.failure != "", callout(CustomerViewState.failure, tone="fail"), rx.fragment()
        ),
        callout(
            tr("You see what "),
            rx.el.span(CustomerViewState.code, class_name="ui-mono"),
            tr(
                " has here, in its own time zone. Nothing can be changed, and the audit trail has that "
                "you looked. "
            ),
            internal_link(tr("Leave the view"), href="/customers/" + CustomerState.head["id"]),
            tone="note",
        ),
    )


def view_tabs() -> rx.Component:
    """The tabs with a customer's own data, and nothing of the operators'."""
    return rx.fragment(
        tab_bar(
            [(key, words_of(key, tr(words))) for key, words in TABS if key in _OWN],
            active=CustomerState.tab,
            on_open=CustomerState.open_tab,
            label=tr("Customer"),
        ),
        rx.match(CustomerState.tab, *data_panels(), rx.fragment()),
    )
