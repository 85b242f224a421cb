"""What the page is made of that says who sees which customers."""

import reflex as rx

from portal.admin.operators.state import OperatorsState as State
from portal.admin.operators.view import FoundCustomer, OperatorRow
from portal.core.languages import tr
from portal.features.settings.dialogs import failure, page_failure
from portal.ui.cards import card
from portal.ui.feedback import callout, skeleton_lines
from portal.ui.forms import button, dialog, dialog_buttons, search_field
from portal.ui.tables import Column, cell, data_table, head_cell, menu_cell
from portal.ui.vars import Shown, is_some, sentence

_COLUMNS = (
    Column(tr("Person")),
    Column(tr("Role")),
    Column(tr("Sees")),
    Column(tr("Given")),
    Column(tr("Change"), is_hidden_label=True),
)


def operator_list() -> rx.Component:
    """Everybody and what they see."""
    table = data_table(_COLUMNS, State.rows, _row, caption=tr("Who sees which customers"), stacked=True)
    return rx.fragment(
        page_failure(State),
        rx.cond(State.notice != "", callout(State.notice, tone="note"), rx.fragment()),
        card(rx.cond(State.is_loading, skeleton_lines(3), table), flush=True),
        callout(
            tr(
                "Who sees some customers alone may look, and changes nothing; the database holds it, "
                "on every page and over the API. An admin sees every customer: make somebody a user "
                "first. Groups of single sign-on are asked at each log-in, and go before what is set "
                "here."
            ),
            tone="note",
        ),
        _dialog(),
    )


def _row(row: OperatorRow) -> list[rx.Component]:
    change = button(
        tr("Change"),
        size="small",
        on_click=State.change(row["email"]),
        aria_label=sentence("Change what {email} sees", email=row["email"]),
    )
    return [
        head_cell(row["email"]),
        cell(row["role"], label=tr("Role")),
        cell(row["sees"], label=tr("Sees"), title=row["all_codes"], prose=True),
        cell(row["given"], label=tr("Given")),
        menu_cell(rx.cond(row["may_change"], change, rx.fragment())),
    ]


def _dialog() -> rx.Component:
    return dialog(
        sentence("What {chosen_name} sees", chosen_name=State.chosen_name),
        rx.el.fieldset(
            rx.el.legend(tr("Customers")),
            _choice("all", tr("Every customer"), State.sees_all),
            _choice("some", tr("These customers alone"), rx.cond(State.sees_all, False, True)),
            class_name="ui-fieldset",
        ),
        rx.cond(State.sees_all, rx.fragment(), _chosen()),
        failure(State),
        dialog_buttons(
            button(tr("Cancel"), on_click=State.close(False)),
            button(tr("Save"), tone="primary", on_click=State.save),
        ),
        description=tr("They are signed out, and see it from their next log-in on."),
        is_open=State.opened == "scope",
        on_open_change=State.close,
    )


def _choice(value: str, words: str, is_chosen: Shown[bool]) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio", name="sees", value=value, checked=is_chosen, on_change=State.see_all(value)
        ),
        f" {words}",
        class_name="ui-check",
    )


def _chosen() -> rx.Component:
    return rx.el.div(
        rx.cond(
            is_some(State.chosen),
            rx.el.div(
                rx.foreach(State.chosen, _chip), class_name="ui-chips", role="group", aria_label=tr("Chosen")
            ),
            rx.el.p(tr("None chosen yet."), class_name="ui-hint"),
        ),
        search_field(
            tr("Code, name, site or meter id"), value=State.search, on_change=State.find, name="find-customer"
        ),
        rx.el.ul(
            rx.foreach(State.found, _found), class_name="ui-plain-list", aria_label=tr("Customers found")
        ),
        class_name="ui-stack",
    )


def _chip(code: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        code,
        rx.icon("x", size=13),
        type="button",
        on_click=State.toggle(code),
        aria_label=sentence("Take {code} away", code=code),
        class_name="ui-chip",
    )


def _found(customer: FoundCustomer) -> rx.Component:
    code = customer["code"]
    label = rx.cond(
        customer["is_chosen"],
        sentence("Take {code} away", code=code),
        sentence("Add {code}", code=code),
    )
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox", checked=customer["is_chosen"], on_change=State.toggle(code), aria_label=label
            ),
            f" {customer['name']} ",
            rx.el.span(code, class_name="ui-hint"),
            class_name="ui-check",
        )
    )
