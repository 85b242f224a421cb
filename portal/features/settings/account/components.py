"""What the page of one's own account is made of."""

import reflex as rx

from portal.features.settings.account.state import AccountState
from portal.features.settings.account.view import SessionRow
from portal.ui.cards import card
from portal.ui.feedback import badge, callout, skeleton_lines
from portal.ui.forms import NativeForm, button, text_field
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell

_COLUMNS = (Column("Browser"), Column("Last used"), Column("Action", is_hidden_label=True))


def messages() -> rx.Component:
    """What became of the last thing that was asked."""
    return rx.fragment(
        rx.cond(AccountState.failure != "", callout(AccountState.failure, tone="fail"), rx.fragment()),
        rx.cond(AccountState.notice != "", callout(AccountState.notice, tone="note"), rx.fragment()),
    )


def password() -> rx.Component:
    """Changes the password; posted by the browser, because the answer carries a new cookie."""
    return card(
        NativeForm.create(
            text_field(
                "Present password",
                name="present",
                kind="password",
                required=True,
                auto_complete="current-password",
            ),
            text_field(
                "New password",
                name="wanted",
                kind="password",
                required=True,
                auto_complete="new-password",
                hint="At least 10 characters; a few words are easier to remember than signs.",
                custom_attrs={"minLength": "10", "maxLength": "512"},
            ),
            rx.el.p("You stay signed in here and are signed out everywhere else.", class_name="ui-hint"),
            rx.el.div(button("Change password", tone="primary", kind="submit")),
            action="/auth/password",
            method="post",
            class_name="ui-stack",
        ),
        title="Password",
    )


def sessions() -> rx.Component:
    """Where one is signed in, and how to end that."""
    table = data_table(_COLUMNS, AccountState.sessions, _row, caption="Where you are signed in", stacked=True)
    return card(
        rx.cond(AccountState.is_loading, skeleton_lines(2), table),
        title="Where you are signed in",
        note=rx.cond(
            AccountState.has_others,
            button("Sign out everywhere else", size="small", on_click=AccountState.end_others),
            rx.fragment(),
        ),
        flush=True,
    )


def _row(row: SessionRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["agent"], cell_note(row["address"]))),
        cell(rx.el.span(row["last_used"], title=row["last_used_utc"]), label="Last used"),
        cell(
            rx.cond(
                row["is_current"],
                badge("This one", "ok"),
                button("Sign out", size="small", on_click=AccountState.end(row["id"])),
            ),
        ),
    ]
