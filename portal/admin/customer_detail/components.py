"""What a customer's page is made of, above its tabs."""

import reflex as rx

from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.tariffs.state import CustomerTariffsState
from portal.admin.customer_detail.view import TABS, TARIFFS
from portal.admin.nav import CUSTOMERS
from portal.features.data_quality.seal import seal
from portal.ui.cards import card
from portal.ui.feedback import badge_for, empty_state
from portal.ui.layout import internal_link
from portal.ui.tabs import tab_bar, tab_panel


def subtitle() -> rx.Component:
    """Code, status and how long ago its stack was heard of."""
    head = CustomerState.head
    return rx.el.div(
        rx.el.span(head["code"], class_name="ui-mono"),
        rx.cond(head["status"] != "", badge_for(head["status"], head["tone"]), rx.fragment()),
        rx.el.span(head["last_seen"], title=head["last_seen_utc"]),
        seal(CustomerState.seal),
        class_name="ui-row",
    )


def tabs(panels: dict[str, rx.Component]) -> rx.Component:
    """The tab bar, and the panel of the tab that is open."""
    shown = [(key, tab_panel(panel, key=key)) for key, panel in panels.items()]
    names = [(key, CustomerTariffsState.tab_label if key == TARIFFS else words) for key, words in TABS]
    return rx.fragment(
        tab_bar(names, active=CustomerState.tab, on_open=CustomerState.open_tab, label="Customer"),
        rx.match(CustomerState.tab, *shown, rx.fragment()),
    )


def not_found() -> rx.Component:
    """The address names nobody."""
    return card(
        empty_state(
            "There is no such customer",
            "The address may be mistyped, or from another portal.",
            icon="search-x",
            action=internal_link("All customers", href=CUSTOMERS, class_name="ui-button"),
        )
    )
