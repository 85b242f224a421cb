"""Rows the push gave up on, what can be done about them, and who decided what."""

import reflex as rx

from portal.features.settings.app_config.state import AppConfigState as State
from portal.features.settings.app_config.view import ALL, DeadLetterRow, DecisionRow
from portal.features.settings.dialogs import page_failure, question
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.forms import button
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import is_some

_COLUMNS = (
    Column("Row"),
    Column("Reason"),
    Column("Tries", is_number=True),
    Column("Given up"),
    Column("Actions", is_hidden_label=True),
)
_DECISIONS = (Column("Row"), Column("Decision"), Column("Who"), Column("When"), Column("Reason"))


def dead_letters() -> rx.Component:
    """What the Admin would not take, with what a person may decide; nothing where there is none."""
    return rx.fragment(
        page_failure(State),
        rx.cond(is_some(State.dead_letters), _table(), rx.fragment()),
        rx.cond(is_some(State.decisions), _decisions(), rx.fragment()),
        _discard(),
    )


def _table() -> rx.Component:
    every = rx.el.div(
        State.dead_letters_note,
        button("Try all again", size="small", on_click=State.retry(ALL)),
        button("Discard all", size="small", on_click=State.open_dialog("discard", ALL, "")),
        class_name="ui-row",
    )
    return card(
        data_table(_COLUMNS, State.dead_letters, _dead_letter_row, caption="Rows given up", stacked=True),
        title="Rows given up",
        note=every,
        flush=True,
    )


def _dead_letter_row(row: DeadLetterRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["row"], cell_note(row["resource"]))),
        cell(row["reason"], label="Reason", wide=True, prose=True),
        cell(row["tries"], label="Tries", number=True),
        cell(rx.el.span(row["since"], title=row["since_utc"]), label="Given up"),
        menu_cell(
            action_menu(
                action_item("rotate-cw", "Try again", State.retry(row["id"])),
                action_item("trash-2", "Discard", State.open_dialog("discard", row["id"], row["row"])),
                label="Actions for " + row["row"],
            )
        ),
    ]


def _decisions() -> rx.Component:
    return card(
        data_table(_DECISIONS, State.decisions, _decision_row, caption="Decisions", stacked=True),
        title="Decisions about rows given up",
        note="The latest",
        flush=True,
    )


def _decision_row(row: DecisionRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["row"], cell_note(row["resource"]))),
        cell(row["action"], label="Decision"),
        cell(row["who"], label="Who"),
        cell(rx.el.span(row["at"], title=row["at_utc"]), label="When"),
        cell(row["reason"], label="Reason", wide=True, prose=True),
    ]


def _discard() -> rx.Component:
    return question(
        State,
        "discard",
        rx.cond(State.chosen_id == ALL, "Discard all rows given up?", f"Discard {State.chosen_name}?"),
        consequence="It stays on this stack and is never pushed to the Admin. Your name is kept with the decision.",
        label="Discard",
        on_yes=State.discard,
        tone="danger",
    )
