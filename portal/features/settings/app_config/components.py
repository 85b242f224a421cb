"""What the App config page is made of."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.app_config.state import AppConfigState as State
from portal.features.settings.app_config.view import Fact, PushRow
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Text, is_some

_PUSH = (
    Column(tr("Resource")),
    Column(tr("State")),
    Column(tr("Last pushed")),
    Column(tr("Cursor")),
    Column(tr("Failures"), is_number=True),
)


def facts() -> rx.Component:
    """The settings, by their names in the environment."""
    return card(
        rx.el.dl(rx.foreach(State.facts, _fact), class_name="ui-facts"),
        title=tr("App config"),
        note=tr("Set in the environment, read at the start. Secrets are never shown."),
    )


def push() -> rx.Component:
    """How the push to the Admin is doing; nothing where none is set up."""
    return rx.fragment(
        rx.cond(State.trouble != "", callout(State.trouble, tone="fail"), rx.fragment()),
        rx.cond(
            State.is_link_down,
            callout(
                rx.el.strong(tr("Admin link down. ")),
                tr(
                    "The Admin refuses this stack's token. Put a valid one into FleetIngest__Token and "
                    "restart the stack; nothing is lost meanwhile."
                ),
                tone="fail",
            ),
            rx.fragment(),
        ),
        rx.cond(
            is_some(State.behind),
            callout(
                rx.el.strong(tr("The push is stopped. ")),
                rx.foreach(State.behind, _words_or_command),
                tone="fail",
            ),
            rx.fragment(),
        ),
        rx.cond(State.is_pushing, _states(), rx.fragment()),
    )


def _states() -> rx.Component:
    return card(
        data_table(_PUSH, State.push_rows, _push_row, caption=tr("Push to the Admin"), stacked=True),
        title=tr("Push to the Admin"),
        note=State.backlog,
        flush=True,
    )


def _words_or_command(part: Text, index: rx.vars.NumberVar[int]) -> rx.Component:
    return rx.cond(index % 2 == 1, rx.el.code(part, class_name="ui-mono"), rx.fragment(part))


def _fact(fact: Fact) -> rx.Component:
    return rx.fragment(rx.el.dt(rx.el.code(fact["name"], class_name="ui-mono")), rx.el.dd(fact["value"]))


def _push_row(row: PushRow) -> list[rx.Component]:
    return [
        head_cell(row["resource"]),
        cell(
            rx.el.div(
                badge_for(row["status"], row["tone"]),
                rx.cond(row["error"] != "", cell_note(row["error"]), rx.fragment()),
                rx.cond(row["next_try"] != "", cell_note(row["next_try"]), rx.fragment()),
            ),
            label=tr("State"),
        ),
        cell(rx.el.span(row["last_synced"], title=row["last_synced_utc"]), label=tr("Last pushed")),
        cell(row["cursor"], label=tr("Cursor")),
        cell(row["failures"], label=tr("Failures"), number=True),
    ]
