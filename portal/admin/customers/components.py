"""What the list of customers is made of."""

import reflex as rx

from portal.admin.customer_dialogs.dialog_state import CustomerDialogState
from portal.admin.customers.state import CustomersState
from portal.admin.customers.view import CustomerRow
from portal.core.languages import tr
from portal.features.cost.parts import file_link
from portal.ui.cards import card
from portal.ui.feedback import badge, badge_for, callout, empty_state, error_panel, skeleton_lines
from portal.ui.forms import button, icon_button, search_field
from portal.ui.layout import internal_link
from portal.ui.listing import filter_chips, pager
from portal.ui.tables import Column, Ordering, cell, cell_note, head_cell, menu_cell, ordered_table
from portal.ui.vars import is_some, sentence
from portal.web.events.identity import IdentityState

_COLUMNS = (
    Column(tr("Customer"), order="name"),
    Column(tr("Status, trouble first"), order="trouble"),
    Column(tr("Last seen"), hint=tr("Latest push that arrived"), order="seen"),
    Column(tr("Sites"), is_number=True, order="sites"),
    Column(tr("Meters"), is_number=True, order="meters"),
    Column(tr("Today, kWh"), is_number=True, hint=tr("Since 00:00 where its sites are"), order="today"),
    Column(tr("Token issued"), order="issued"),
    Column(tr("Actions"), is_hidden_label=True),
)
_ORDERING = Ordering(CustomersState.order, CustomersState.is_descending, CustomersState.order_by)
_MAIN = rx.Var("(typeof document === 'undefined' ? undefined : document.getElementById('content'))")


def register_button() -> rx.Component:
    """Opens the dialog; only for those who may use it."""
    return rx.cond(
        IdentityState.is_admin,
        button(
            rx.icon("plus", size=16),
            tr("Register customer"),
            tone="primary",
            on_click=CustomerDialogState.open_dialog("register", "", ""),
        ),
        rx.fragment(),
    )


def customer_list() -> rx.Component:
    """The list, or why there is none."""
    return rx.cond(
        CustomersState.is_loading,
        card(skeleton_lines(6)),
        rx.cond(
            CustomersState.has_customers,
            _list(),
            card(rx.cond(CustomersState.failure != "", _failed(), _nobody())),
        ),
    )


def _failed() -> rx.Component:
    return error_panel(CustomersState.failure, on_retry=CustomersState.load)


def _list() -> rx.Component:
    return rx.fragment(
        rx.cond(CustomersState.failure != "", callout(CustomersState.failure), rx.fragment()),
        rx.el.div(
            search_field(
                tr("Code, name, site or meter id"), value=CustomersState.search, on_change=CustomersState.find
            ),
            filter_chips(
                CustomersState.chips,
                active=CustomersState.shown,
                on_choose=CustomersState.show,
                label=tr("Show only"),
            ),
            class_name="ui-listing-bar",
        ),
        card(rx.cond(is_some(CustomersState.rows), _table(), _no_match()), flush=True),
        rx.el.div(
            rx.el.span(CustomersState.as_of, class_name="ui-hint"),
            file_link("CSV", CustomersState.file_href, hint=tr("All of these customers as CSV")),
            class_name="ui-row",
            style={"justify_content": "space-between"},
        ),
    )


def _table() -> rx.Component:
    return rx.fragment(
        ordered_table(_COLUMNS, CustomersState.rows, _row, caption=tr("Customers"), ordering=_ORDERING),
        pager(CustomersState.pages, on_page=CustomersState.go_to),
    )


def _row(row: CustomerRow) -> list[rx.Component]:
    return [
        head_cell(
            rx.el.div(
                internal_link(row["name"], href=row["href"], class_name="ui-row-link"),
                cell_note(row["code"]),
            )
        ),
        cell(badge_for(row["status"], row["tone"], title=row["why"]), label=tr("Status")),
        cell(_last_seen(row), label=tr("Last seen")),
        cell(row["sites"], label=tr("Sites"), number=True),
        cell(row["devices"], label=tr("Meters"), number=True),
        cell(row["today_kwh"], label=tr("Today, kWh"), number=True),
        cell(_token(row), label=tr("Token issued"), wide=True),
        menu_cell(rx.cond(IdentityState.is_admin, _menu(row), rx.fragment())),
    ]


def _last_seen(row: CustomerRow) -> rx.Component:
    return rx.el.div(
        rx.el.span(row["last_seen"], title=row["last_seen_utc"]),
        rx.cond(
            row["backlog"] != "",
            rx.el.div(cell_note(row["backlog"]), title=row["backlog_detail"]),
            rx.fragment(),
        ),
    )


def _token(row: CustomerRow) -> rx.Component:
    return rx.el.div(
        rx.el.span(row["issued"], title=row["issued_utc"]),
        rx.cond(
            row["grace"] != "",
            rx.el.div(badge(row["grace"], "grace", title=row["grace_utc"])),
            rx.cond(row["rotated"] != "", cell_note(row["rotated"]), rx.fragment()),
        ),
    )


def _menu(row: CustomerRow) -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            icon_button(rx.icon("ellipsis", size=18), label=sentence("Actions for {name}", name=row["name"]))
        ),
        rx.menu.content(
            _menu_item("key-round", tr("Rotate token"), "rotate", row),
            rx.cond(
                row["is_active"],
                _menu_item("pause", tr("Disable"), "disable", row),
                _menu_item("play", tr("Enable"), "enable", row),
            ),
            rx.menu.item(
                rx.icon("user-x", size=15),
                tr("Decommission …"),
                on_select=rx.redirect(row["href"] + "/leave"),
            ),
            align="end",
            variant="soft",
            color_scheme="gray",
            # Inside the page's main landmark, not at the end of the document where no landmark is.
            custom_attrs={"container": _MAIN},
        ),
        # Modal would hide the whole page from screen readers while the menu is open.
        modal=False,
    )


def _menu_item(icon: str, label: str, which: str, row: CustomerRow) -> rx.Component:
    return rx.menu.item(
        rx.icon(icon, size=15),
        label,
        on_select=CustomerDialogState.open_dialog(which, row["id"], row["name"]),
    )


def _nobody() -> rx.Component:
    return empty_state(
        tr("No customers yet"),
        tr(
            "Register the first one: you get a token, and the customer's own stack pushes its "
            "readings here with it."
        ),
        icon="building-2",
        action=register_button(),
    )


def _no_match() -> rx.Component:
    return empty_state(
        tr("No customer matches"),
        tr("Nobody of this kind has a code, a name, a site or a meter id with what you searched for."),
        icon="search-x",
        action=rx.el.div(
            rx.cond(
                CustomersState.search != "",
                button(tr("Clear search"), on_click=CustomersState.find("")),
                rx.fragment(),
            ),
            rx.cond(
                CustomersState.shown != "",
                button(tr("Show all"), on_click=CustomersState.show("")),
                rx.fragment(),
            ),
            class_name="ui-row",
        ),
    )
