"""What the API keys page is made of."""

import reflex as rx

from portal.settings.api_keys.state import ApiKeysState as State
from portal.settings.api_keys.view import KeyRow
from portal.settings.fields import select_field
from portal.ui.cards import card
from portal.ui.feedback import callout, empty_state, skeleton_lines
from portal.ui.forms import button, dialog, dialog_buttons, secret, text_field
from portal.ui.tables import Column, cell, data_table, head_cell

_COLUMNS = (
    Column("Name"),
    Column("May"),
    Column("Issued"),
    Column("Last used", hint="To the minute"),
    Column("Action", is_hidden_label=True),
)


def add_button() -> rx.Component:
    """Opens the dialog that issues a key."""
    return button(
        rx.icon("plus", size=16), "New key", tone="primary", on_click=State.open_dialog("add", "", "")
    )


def key_list() -> rx.Component:
    """The keys in use, or what they are for."""
    table = data_table(_COLUMNS, State.rows, _row, caption="API keys", stacked=True)
    nothing = empty_state(
        "No API keys",
        "A key lets a program use the API: as a bearer token, to read figures or to manage what an admin manages.",
        icon="key-round",
    )
    failed = (State.failure != "") & (State.opened == "")
    return rx.fragment(
        rx.cond(failed, callout(State.failure, tone="fail"), rx.fragment()),
        card(
            rx.cond(State.is_loading, skeleton_lines(2), rx.cond(State.rows.length() > 0, table, nothing)),
            flush=True,
        ),
    )


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(_add(), _revoke(), _issued())


def _row(row: KeyRow) -> list[rx.Component]:
    return [
        head_cell(row["name"]),
        cell(row["scope"], label="May"),
        cell(rx.el.span(row["issued"], title=row["issued_utc"]), label="Issued"),
        cell(rx.el.span(row["last_used"], title=row["last_used_utc"]), label="Last used"),
        cell(button("Revoke", size="small", on_click=State.open_dialog("revoke", row["id"], row["name"]))),
    ]


def _add() -> rx.Component:
    return dialog(
        "New API key",
        _failure(),
        rx.el.form(
            text_field(
                "Name",
                name="name",
                required=True,
                max_length=100,
                auto_focus=True,
                auto_complete="off",
                placeholder="Reporting",
            ),
            select_field("It may", name="scope", options=(("read", "Read"), ("manage", "Read and manage"))),
            dialog_buttons(_cancel(), button("Make the key", tone="primary", kind="submit")),
            on_submit=State.add,
            class_name="ui-stack",
        ),
        description="Name it after the program that will use it.",
        is_open=State.opened == "add",
        on_open_change=State.close,
    )


def _revoke() -> rx.Component:
    return dialog(
        f"Revoke {State.chosen_name}?",
        _failure(),
        dialog_buttons(_cancel(), button("Revoke", tone="danger", on_click=State.revoke)),
        description="Whatever uses it is refused from the next request on. It cannot be brought back.",
        is_open=State.opened == "revoke",
        on_open_change=State.close,
        is_alert=True,
    )


def _issued() -> rx.Component:
    return dialog(
        f"Key of {State.chosen_name}",
        secret(State.issued_key, name="issued-key", label="Copy"),
        callout(
            "This is the only time it is shown. Only its hash is kept: a lost key is revoked and replaced."
        ),
        dialog_buttons(button("Done", tone="primary", on_click=State.close(False))),
        description="Send it as Authorization: Bearer, over https.",
        is_open=State.opened == "issued",
        on_open_change=State.close,
        is_alert=True,
    )


def _failure() -> rx.Component:
    return rx.cond(State.failure != "", callout(State.failure, tone="fail"), rx.fragment())


def _cancel() -> rx.Component:
    return button("Cancel", on_click=State.close(False))
