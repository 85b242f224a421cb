"""Rows the push gave up on, what can be done about them, and who decided what."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.app_config.state import AppConfigState as State
from portal.features.settings.app_config.view import ALL, DeadLetterRow, DecisionRow
from portal.features.settings.dialogs import page_failure, question
from portal.features.settings.menus import action_item, action_menu
from portal.ui.cards import card
from portal.ui.forms import button
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell, menu_cell
from portal.ui.vars import is_some, sentence

_COLUMNS = (
    Column(tr("Row")),
    Column(tr("Reason")),
    Column(tr("Tries"), is_number=True),
    Column(tr("Given up")),
    Column(tr("Actions"), is_hidden_label=True),
)
_DECISIONS = (
    Column(tr("Row")),
    Column(tr("Decision")),
    Column(tr("Who")),
    Column(tr("When")),
    Column(tr("Reason")),
)


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
        button(tr("Try all again"), size="small", on_click=State.retry(ALL)),
        button(tr("Discard all"), size="small", on_click=State.open_dialog("discard", ALL, "")),
        class_name="ui-row",
    )
    return card(
        data_table(_COLUMNS, State.dead_letters, _dead_letter_row, caption=tr("Rows given up"), stacked=True),
        title=tr("Rows given up"),
        note=every,
        flush=True,
    )


def _dead_letter_row(row: DeadLetterRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["row"], cell_note(row["resource"]))),
        cell(row["reason"], label=tr("Reason"), wide=True, prose=True),
        cell(row["tries"], label=tr("Tries"), number=True),
        cell(rx.el.span(row["since"], title=row["since_utc"]), label=tr("Given up")),
        menu_cell(
            action_menu(
                action_item("rotate-cw", tr("Try again"), State.retry(row["id"])),
                action_item("trash-2", tr("Discard"), State.open_dialog("discard", row["id"], row["row"])),
                label=sentence("Actions for {row}", row=row["row"]),
            )
        ),
    ]


def _decisions() -> rx.Component:
    return card(
        data_table(_DECISIONS, State.decisions, _decision_row, caption=tr("Decisions"), stacked=True),
        title=tr("Decisions about rows given up"),
        note=tr("The latest"),
        flush=True,
    )


def _decision_row(row: DecisionRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.div(row["row"], cell_note(row["resource"]))),
        cell(row["action"], label=tr("Decision")),
        cell(row["who"], label=tr("Who")),
        cell(rx.el.span(row["at"], title=row["at_utc"]), label=tr("When")),
        cell(row["reason"], label=tr("Reason"), wide=True, prose=True),
    ]


def _discard() -> rx.Component:
    return question(
        State,
        "discard",
        rx.cond(
            State.chosen_id == ALL,
            tr("Discard all rows given up?"),
            sentence("Discard {chosen_name}?", chosen_name=State.chosen_name),
        ),
        consequence=tr(
            "It stays on this stack and is never pushed to the Admin. Your name is kept with the decision."
        ),
        label=tr("Discard"),
        on_yes=State.discard,
        tone="danger",
    )
