"""What the tab with the ingest events is made of: the answer first, then figures, a chart and the batches."""

import reflex as rx

from portal.admin.customer_detail.events.state import CustomerEventsState as State
from portal.admin.customer_detail.events.view import BatchRow, StrangerRow
from portal.core.exchange.batches import BatchType
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import empty_state, error_panel, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.forms import button
from portal.ui.layout import internal_link
from portal.ui.plotted import bars, hue_meanings
from portal.ui.range_picker import segments
from portal.ui.tables import Column, cell, data_table, head_cell
from portal.ui.vars import is_some
from portal.web.events.identity import IdentityState

_CHART_HEIGHT = "120px"
_PROBLEMS = (("", tr("All")), ("1", tr("With a problem")))
_SPANS = (("24h", "24 h"), ("7d", tr("7 days")), ("30d", tr("30 days")))
_COLUMNS = (
    Column(tr("Received")),
    Column(tr("Type")),
    Column(tr("Stored"), is_number=True, hint=tr("Rows that were new, completed or there already")),
    Column(tr("Rejected"), is_number=True),
    Column(tr("Size"), is_number=True, hint=tr("After decompression")),
    Column(tr("Cursor"), hint=tr("How far the Client has come, as it says itself")),
    Column(tr("Readings of"), hint=tr("From the first to the last reading of the batch")),
    Column(tr("Answer")),
)
_STRANGERS = (
    Column(tr("Token")),
    Column(tr("From")),
    Column(tr("Type")),
    Column(tr("Pushes"), is_number=True),
    Column(tr("Last"), is_number=True),
)


def events_panel(on_rotate: rx.Component, on_enable: rx.Component) -> rx.Component:
    """The tab; the two are the buttons that may help, for those who may use them."""
    return rx.cond(
        State.is_loading,
        card(skeleton_lines(6)),
        rx.cond(
            State.failure != "",
            card(error_panel(State.failure, on_retry=State.load)),
            rx.fragment(_answer(on_rotate, on_enable), _figures(), _chart(), _batches(), _strangers()),
        ),
    )


def _answer(on_rotate: rx.Component, on_enable: rx.Component) -> rx.Component:
    said = State.said
    icon = rx.match(
        said["tone"],
        ("ok", rx.icon("circle-check", size=20)),
        ("warn", rx.icon("triangle-alert", size=20)),
        rx.icon("circle-x", size=20),
    )
    help_button = rx.match(said["action"], ("rotate", on_rotate), ("enable", on_enable), rx.fragment())
    steps = rx.el.ol(rx.foreach(said["steps"], rx.el.li))
    return rx.el.section(
        icon,
        rx.el.div(
            rx.el.h2(said["title"]),
            rx.cond(said["words"] != "", rx.el.p(said["words"]), rx.fragment()),
            rx.cond(is_some(said["steps"]), steps, rx.fragment()),
        ),
        rx.cond(IdentityState.is_admin, help_button, rx.fragment()),
        role="status",
        class_name=f"ui-answer ui-answer--{said['tone']}",
    )


def _figures() -> rx.Component:
    shown = State.figures
    return figure_row(
        figure(tr("Last batch stored"), shown["last"], "", shown["last_note"]),
        figure(tr("Refused in a row"), shown["refused"], "", shown["refused_note"]),
        figure(tr("Stored"), shown["stored"], "rows", shown["stored_note"]),
        figure(tr("Rejected"), shown["rejected"], "rows", shown["rejected_note"]),
    )


def _chart() -> rx.Component:
    nothing = rx.el.p(tr("No batch came in this time."), class_name="ui-soft")
    chart = bars(
        State.drawn,
        label=tr("Rows that were stored and rejected over time."),
        height=_CHART_HEIGHT,
        on_open=State.open_bar,
    )
    return card(
        rx.cond(is_some(State.drawn["bars"].to(list[str])), chart, nothing),
        rx.el.ul(hue_meanings(State.drawn), class_name="ui-legend"),
        title=tr("Rows over time"),
        note=rx.el.span(
            segments(
                _SPANS,
                active=State.span,
                on_choose=State.choose_span,
                label=tr("How far back"),
            ),
            class_name="ui-row",
        ),
    )


def _batches() -> rx.Component:
    table = data_table(_COLUMNS, State.events, _event, caption=tr("Batches"), stacked=True)
    foot = rx.el.div(
        rx.el.span(State.count_words, class_name="ui-hint"),
        rx.cond(State.older != "", internal_link(tr("Older"), href=State.older), rx.fragment()),
        class_name="ui-pager",
    )
    return card(
        rx.cond(is_some(State.events), rx.fragment(table, foot), _no_batch()),
        title=tr("Batches"),
        note=rx.el.div(
            rx.cond(
                State.new_words != "",
                button(State.new_words, size="small", on_click=State.load),
                rx.fragment(),
            ),
            rx.el.label(tr("Type"), html_for="batch-type"),
            _types(),
            segments(
                _PROBLEMS,
                active=State.problem,
                on_choose=State.choose_problem,
                label=tr("Which batches"),
            ),
            rx.el.span(State.zone, class_name="ui-hint", title=tr("The clock of these times")),
            class_name="ui-row",
        ),
        flush=True,
    )


def _types() -> rx.Component:
    return rx.el.select(
        rx.el.option(tr("All"), value=""),
        *[rx.el.option(kind.value, value=kind.value) for kind in BatchType],
        id="batch-type",
        value=State.batch_type,
        on_change=State.choose_type,
        class_name="ui-input ui-select",
    )


def _event(row: BatchRow) -> list[rx.Component]:
    icon = rx.match(
        row["tone"],
        ("ok", rx.icon("circle-check", size=15)),
        ("warn", rx.icon("triangle-alert", size=15)),
        rx.icon("circle-x", size=15),
    )
    tone = rx.match(row["tone"], ("ok", "ui-tone-ok"), ("warn", "ui-tone-warn"), "ui-tone-fail")
    problems = rx.el.ul(rx.foreach(row["problems"], rx.el.li), class_name="ui-problems")
    return [
        head_cell(rx.el.span(row["received"], title=row["received_utc"]), wrap=False),
        cell(row["batch_type"], label=tr("Type")),
        cell(row["stored"], label=tr("Stored"), number=True),
        cell(row["rejected"], label=tr("Rejected"), number=True),
        cell(row["size"], label=tr("Size"), number=True),
        cell(row["cursor"], label=tr("Cursor")),
        cell(row["spread"], label=tr("Readings of")),
        cell(
            rx.el.span(
                rx.el.span(icon, class_name=tone),
                rx.el.strong(row["status"]),
                row["words"],
                class_name="ui-status",
            ),
            rx.cond(is_some(row["problems"]), problems, rx.fragment()),
            label=tr("Answer"),
            prose=True,
            wide=True,
        ),
    ]


def _no_batch() -> rx.Component:
    return empty_state(
        tr("No batch of this kind in this time"),
        tr("Go further back, or show all of them."),
        icon="inbox",
        action=rx.el.div(
            button(tr("30 days"), on_click=State.choose_span("30d")),
            rx.cond(
                State.problem != "",
                button(tr("All batches"), on_click=State.choose_problem("")),
                rx.fragment(),
            ),
            class_name="ui-row",
        ),
    )


def _strangers() -> rx.Component:
    table = data_table(
        _STRANGERS, State.strangers, _stranger, caption=tr("Tokens that nobody has"), stacked=True
    )
    shown = card(
        rx.el.p(
            tr("Refused before anybody knew whose they are; they may be any customer's, this one's too."),
            class_name="ui-card-line",
        ),
        table,
        title=tr("Pushes with tokens that nobody has"),
        note=tr("last 24 h, all of this portal"),
        flush=True,
    )
    return rx.fragment(rx.cond(is_some(State.strangers), shown, rx.fragment()))


def _stranger(row: StrangerRow) -> list[rx.Component]:
    return [
        head_cell(row["token"]),
        cell(row["address"], label=tr("From")),
        cell(row["batch_type"], label=tr("Type")),
        cell(row["pushes"], label=tr("Pushes"), number=True),
        cell(row["last"], label=tr("Last"), number=True),
    ]
