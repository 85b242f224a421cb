"""What a customer's page is made of, above its tabs."""

import reflex as rx

from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_dialogs.dialog_state import CustomerDialogState
from portal.admin.nav import CUSTOMERS
from portal.admin.worn_brand.components import worn_brand
from portal.core.languages import tr
from portal.features.data_quality.seal import seal
from portal.ui.cards import card
from portal.ui.feedback import badge, badge_for, empty_state
from portal.ui.forms import button
from portal.ui.layout import internal_link
from portal.ui.vars import Click
from portal.web.events.identity import IdentityState


def subtitle() -> rx.Component:
    """Code, status and how long ago its stack was heard of."""
    head = CustomerState.head
    return rx.el.div(
        worn_brand(),
        rx.el.span(head["code"], class_name="ui-mono"),
        rx.cond(head["status"] != "", badge_for(head["status"], head["tone"]), rx.fragment()),
        rx.el.span(head["last_seen"], title=head["last_seen_utc"]),
        rx.el.span(head["about"]),
        rx.cond(head["grace"] != "", badge(head["grace"], "grace"), rx.fragment()),
        seal(CustomerState.seal),
        class_name="ui-row",
    )


def actions() -> rx.Component:
    """What may be done to the customer, by whom."""
    return rx.el.div(
        button(rx.icon("eye", size=16), tr("View as this customer"), on_click=CustomerState.view_as),
        rx.cond(IdentityState.is_admin, rx.fragment(rotate_button(), _switch_button()), rx.fragment()),
        class_name="ui-row",
    )


def rotate_button() -> rx.Component:
    """Opens the dialog that gives the customer another token."""
    return button(rx.icon("rotate-cw", size=15), tr("Rotate token"), on_click=_opens("rotate"))


def enable_button() -> rx.Component:
    """Opens the dialog that has the customer's tokens taken again."""
    return button(rx.icon("play", size=15), tr("Enable"), on_click=_opens("enable"))


def _switch_button() -> rx.Component:
    disable = button(rx.icon("pause", size=15), tr("Disable"), on_click=_opens("disable"))
    return rx.fragment(rx.cond(CustomerState.head["is_active"], disable, enable_button()))


def _opens(which: str) -> Click:
    return CustomerDialogState.open_dialog(which, CustomerState.head["id"], CustomerState.head["name"])


def not_found() -> rx.Component:
    """The address names nobody."""
    return card(
        empty_state(
            tr("There is no such customer"),
            tr("The address may be mistyped, or from another portal."),
            icon="search-x",
            action=internal_link(tr("All customers"), href=CUSTOMERS, class_name="ui-button"),
        )
    )
