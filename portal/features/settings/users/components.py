"""What the Users page is made of."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.dialogs import page_failure
from portal.features.settings.menus import action_item, action_menu
from portal.features.settings.users.state import UsersState
from portal.features.settings.users.view import UserRow
from portal.ui.cards import card
from portal.ui.feedback import badge_for, skeleton_lines
from portal.ui.forms import button
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import sentence

_COLUMNS = (
    Column(tr("Person")),
    Column(tr("Role")),
    Column(tr("Status")),
    Column(tr("Last log-in")),
    Column(tr("Actions"), is_hidden_label=True),
)


def add_button() -> rx.Component:
    """Opens the dialog that adds a person."""
    return button(
        rx.icon("plus", size=16),
        tr("Add person"),
        tone="primary",
        on_click=UsersState.open_dialog("add", "", ""),
    )


def user_list() -> rx.Component:
    """Everybody who may log in."""
    table = data_table(_COLUMNS, UsersState.rows, _row, caption=tr("People"), stacked=True)
    return rx.fragment(
        page_failure(UsersState),
        card(rx.cond(UsersState.is_loading, skeleton_lines(3), table), flush=True),
    )


def _row(row: UserRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["email"], rx.cond(row["note"] != "", cell_note(row["note"]), rx.fragment()))),
        cell(row["role"], label=tr("Role")),
        cell(badge_for(row["status"], row["tone"]), label=tr("Status")),
        cell(rx.el.span(row["last_seen"], title=row["last_seen_utc"]), label=tr("Last log-in")),
        menu_cell(_menu(row)),
    ]


def _menu(row: UserRow) -> rx.Component:
    return action_menu(
        rx.cond(
            row["is_admin"],
            _item("user", tr("Make a user"), "user", row),
            _item("shield", tr("Make an admin"), "admin", row),
        ),
        rx.cond(
            row["is_active"],
            _item("link", tr("New password link"), "renew", row),
            rx.fragment(),
        ),
        rx.cond(
            row["has_second_factor"],
            _item("smartphone", tr("Reset second factor"), "reset", row),
            rx.fragment(),
        ),
        rx.cond(
            row["is_active"],
            _item("user-x", tr("Deactivate"), "deactivate", row),
            _item("user-check", tr("Activate"), "activate", row),
        ),
        label=sentence("Actions for {email}", email=row["email"]),
    )


def _item(icon: str, label: str, which: str, row: UserRow) -> rx.Component:
    return action_item(icon, label, UsersState.open_dialog(which, row["id"], row["email"]))
