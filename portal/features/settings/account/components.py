"""What the page of one's own account is made of."""

import reflex as rx

from portal.core.languages import LANGUAGES, LOCALES, tr
from portal.features.settings.account.state import AccountState
from portal.features.settings.account.view import SessionRow
from portal.ui.cards import card
from portal.ui.feedback import badge, callout, skeleton_lines
from portal.ui.forms import NativeForm, button, select_field, text_field
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell

_COLUMNS = (Column(tr("Browser")), Column(tr("Last used")), Column(tr("Action"), is_hidden_label=True))


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
                tr("Present password"),
                name="present",
                kind="password",
                required=True,
                auto_complete="current-password",
            ),
            text_field(
                tr("New password"),
                name="wanted",
                kind="password",
                required=True,
                auto_complete="new-password",
                hint=tr("At least 10 characters; a few words are easier to remember than signs."),
                custom_attrs={"minLength": "10", "maxLength": "512"},
            ),
            rx.el.p(tr("You stay signed in here and are signed out everywhere else."), class_name="ui-hint"),
            rx.el.div(button(tr("Change password"), tone="primary", kind="submit")),
            action="/auth/password",
            method="post",
            class_name="ui-stack",
        ),
        title=tr("Password"),
    )


def language() -> rx.Component:
    """What pages and mail speak to one; posted by the browser, which loads the page anew in the other language."""
    form = NativeForm.create(
        select_field(
            tr("Language"),
            name="language",
            options=tuple(LANGUAGES.items()),
            default_value=AccountState.language,
        ),
        select_field(
            tr("Numbers"),
            name="locale",
            options=tuple((locale, f"{example} ({locale})") for locale, example in LOCALES.items()),
            default_value=AccountState.locale,
        ),
        rx.el.p(
            tr("Also of the mail you get. Files, the API and logs stay as they are."), class_name="ui-hint"
        ),
        rx.el.div(button(tr("Save"), tone="primary", kind="submit")),
        action="/auth/language",
        method="post",
        class_name="ui-stack",
    )
    return card(rx.cond(AccountState.is_loading, skeleton_lines(2), form), title=tr("Language and numbers"))


def sessions() -> rx.Component:
    """Where one is signed in, and how to end that."""
    table = data_table(
        _COLUMNS, AccountState.sessions, _row, caption=tr("Where you are signed in"), stacked=True
    )
    return card(
        rx.cond(AccountState.is_loading, skeleton_lines(2), table),
        title=tr("Where you are signed in"),
        note=rx.cond(
            AccountState.has_others,
            button(tr("Sign out everywhere else"), size="small", on_click=AccountState.end_others),
            rx.fragment(),
        ),
        flush=True,
    )


def _row(row: SessionRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["agent"], cell_note(row["address"]))),
        cell(rx.el.span(row["last_used"], title=row["last_used_utc"]), label=tr("Last used")),
        cell(
            rx.cond(
                row["is_current"],
                badge(tr("This one"), "ok"),
                button(tr("Sign out"), size="small", on_click=AccountState.end(row["id"])),
            ),
        ),
    ]
