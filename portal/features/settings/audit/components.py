"""What the audit trail page is made of."""

import reflex as rx

from portal.core.languages import tr
from portal.features.settings.audit.state import AuditState
from portal.features.settings.audit.view import TOPICS, EventRow
from portal.ui.cards import card
from portal.ui.feedback import badge, callout, empty_state, skeleton_lines
from portal.ui.forms import button, select_field
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import is_some

_COLUMNS = (
    Column(tr("When")),
    Column(tr("What")),
    Column(tr("Who")),
    Column(tr("From")),
    Column(tr("About")),
)


def topic_choice() -> rx.Component:
    """Narrows the trail to one topic."""
    field = select_field(
        tr("Show"),
        name="topic",
        options=tuple((key, tr(words)) for key, words in TOPICS),
        value=AuditState.topic,
        on_change=AuditState.choose,
    )
    return rx.el.div(field, style={"max_width": "240px"})


def event_list() -> rx.Component:
    """The events, newest first."""
    table = data_table(_COLUMNS, AuditState.rows, _row, caption=tr("Audit trail"), stacked=True)
    nothing = empty_state(
        tr("Nothing yet"), tr("What people and machines change is written down here."), icon="scroll-text"
    )
    return rx.fragment(
        rx.cond(AuditState.failure != "", callout(AuditState.failure, tone="fail"), rx.fragment()),
        card(
            rx.cond(
                AuditState.is_loading,
                skeleton_lines(6),
                rx.cond(is_some(AuditState.rows), table, nothing),
            ),
            flush=True,
        ),
        rx.cond(
            AuditState.has_more,
            rx.el.div(button(tr("Show older"), on_click=AuditState.more), class_name="ui-row"),
            rx.fragment(),
        ),
    )


def _row(row: EventRow) -> list[rx.Component]:
    return [
        head_cell(rx.el.span(row["at"], title=row["at_utc"]), wrap=False),
        cell(rx.cond(row["is_failure"], badge(row["action"], "warn"), row["action"]), label=tr("What")),
        cell(row["who"], label=tr("Who")),
        cell(row["address"], label=tr("From")),
        cell(
            rx.el.div(row["subject"], rx.cond(row["detail"] != "", cell_note(row["detail"]), rx.fragment())),
            label=tr("About"),
            wide=True,
            prose=True,
        ),
    ]
