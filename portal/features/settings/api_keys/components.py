"""What the API keys page is made of."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.api_keys.state import ApiKeysState as State
from portal.features.settings.api_keys.view import KeyRow
from portal.features.settings.dialogs import dialog_drafts, form_dialog, page_failure, question, shown_once
from portal.ui.cards import card
from portal.ui.feedback import empty_state, skeleton_lines
from portal.ui.forms import button, select_field, text_field
from portal.ui.tables import Column, cell, data_table, head_cell
from portal.ui.vars import is_some, sentence

_DRAFT = "api-keys"
_COLUMNS = (
    Column(tr("Name")),
    Column(tr("May")),
    Column(tr("Issued")),
    Column(tr("Last used"), hint=tr("To the minute")),
    Column(tr("Action"), is_hidden_label=True),
)


def add_button() -> rx.Component:
    """Opens the dialog that issues a key."""
    return button(
        rx.icon("plus", size=16), tr("New key"), tone="primary", on_click=State.open_dialog("add", "", "")
    )


def key_list() -> rx.Component:
    """The keys in use, or what they are for."""
    table = data_table(_COLUMNS, State.rows, _row, caption=tr("API keys"), stacked=True)
    nothing = empty_state(
        tr("No API keys"),
        tr(
            "A key lets a program use the API: as a bearer token, to read figures or to manage "
            "what an admin manages."
        ),
        icon="key-round",
    )
    return rx.fragment(
        page_failure(State),
        card(
            rx.cond(State.is_loading, skeleton_lines(2), rx.cond(is_some(State.rows), table, nothing)),
            flush=True,
        ),
    )


def dialogs() -> rx.Component:
    """All of them; the state says which one is open."""
    return rx.fragment(dialog_drafts(State, _DRAFT), _add(), _revoke(), _issued())


def _row(row: KeyRow) -> list[rx.Component]:
    return [
        head_cell(row["name"]),
        cell(row["scope"], label=tr("May")),
        cell(rx.el.span(row["issued"], title=row["issued_utc"]), label=tr("Issued")),
        cell(rx.el.span(row["last_used"], title=row["last_used_utc"]), label=tr("Last used")),
        cell(
            button(tr("Revoke"), size="small", on_click=State.open_dialog("revoke", row["id"], row["name"]))
        ),
    ]


def _add() -> rx.Component:
    return form_dialog(
        State,
        "add",
        tr("New API key"),
        text_field(
            tr("Name"),
            name="name",
            required=True,
            max_length=100,
            auto_focus=True,
            auto_complete="off",
            placeholder=tr("Reporting"),
        ),
        select_field(
            tr("It may"), name="scope", options=(("read", tr("Read")), ("manage", tr("Read and manage")))
        ),
        on_submit=State.add,
        draft=_DRAFT,
        submit=tr("Make the key"),
        description=tr("Name it after the program that will use it."),
    )


def _revoke() -> rx.Component:
    return question(
        State,
        "revoke",
        sentence("Revoke {chosen_name}?", chosen_name=State.chosen_name),
        consequence=tr("Whatever uses it is refused from the next request on. It cannot be brought back."),
        label=tr("Revoke"),
        on_yes=State.revoke,
        tone="danger",
    )


def _issued() -> rx.Component:
    return shown_once(
        State,
        sentence("Key of {chosen_name}", chosen_name=State.chosen_name),
        name="issued-key",
        warning=tr(
            "This is the only time it is shown. Only its hash is kept: a lost key is revoked and replaced."
        ),
        description=tr("Send it as Authorization: Bearer, over https."),
    )
