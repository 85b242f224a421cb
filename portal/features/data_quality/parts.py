"""What a Data quality page is made of, over the state of either run mode."""

from collections.abc import Callable

import reflex as rx

from portal.core.languages import tr
from portal.features.data_quality import view
from portal.features.data_quality.event_view import AnswerCard
from portal.features.data_quality.page_state import QualityPage
from portal.features.data_quality.pictures import HATCHING
from portal.ui.cards import card
from portal.ui.feedback import badge, callout, empty_state, error_panel, skeleton_lines
from portal.ui.forms import icon_button
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.tabs import tab_bar, tab_panel
from portal.ui.vars import Shown, Told, is_some, sentence

State = type[QualityPage]
_LINES = (Column(tr("Meter")), Column(tr("When")), Column(tr("What")), Column(tr("Shown"), is_number=True))
_NOTHING = {
    view.SUSPECTS: tr("Every reading of this month is believed."),
    view.CONFLICTS: tr("No instant of this month has two values of the register."),
    view.GAPS: tr("No gap of this month is so long that its energy is in no hour."),
    view.CLOCKS: tr("Every board's clock is right."),
}


def quality_body(state: State, event: rx.Component, *, decided: rx.Component) -> rx.Component:
    """The tabs with their lists, and the calendar; or why there is nothing."""
    panels = [
        (view.TO_DECIDE, tab_panel(_inbox(state, event), key=view.TO_DECIDE)),
        (view.DECIDED, tab_panel(decided, key=view.DECIDED)),
        *[
            (key, tab_panel(_lines(rows, words), key=key))
            for (key, words), rows in zip(
                _NOTHING.items(), (state.suspects, state.conflicts, state.gaps, state.clocks), strict=True
            )
        ],
    ]
    return rx.cond(
        state.is_loading,
        card(skeleton_lines(6)),
        rx.cond(
            (state.failure != "") & ~is_some(state.coverage) & ~is_some(state.events),
            card(error_panel(state.failure, on_retry=state.load)),
            rx.el.div(
                rx.html(HATCHING),
                tab_bar(
                    [(key, state.labels[key]) for key, _ in view.TABS],
                    active=state.tab,
                    on_open=state.open_tab,
                    label=tr("Data quality"),
                ),
                rx.match(state.tab, *panels, rx.fragment()),
                coverage_card(state),
                class_name="ui-stack",
            ),
        ),
    )


def _inbox(state: State, event: rx.Component) -> rx.Component:
    return rx.fragment(
        rx.cond(state.notice != "", callout(state.notice, tone="note"), rx.fragment()),
        rx.cond(
            is_some(state.events),
            rx.el.div(
                event_list(state.events, state.opened_id, state.open_event), event, class_name="ui-q-inbox"
            ),
            card(
                empty_state(
                    tr("Nothing to decide"),
                    tr(
                        "Odd readings, exchanged meters and wrong clocks wait here until somebody says what "
                        "happened."
                    ),
                    icon="clipboard-check",
                )
            ),
        ),
    )


def event_list(events: Shown[list[view.EventLine]], opened: Shown[str], on_open: Told[str]) -> rx.Component:
    """The events that wait, as a list to choose from."""

    def line(event: view.EventLine) -> rx.Component:
        icon = rx.match(
            event["icon"],
            ("exchange", rx.icon("rotate-cw", size=16)),
            ("power", rx.icon("zap", size=16)),
            rx.icon("triangle-alert", size=16),
        )
        words = rx.el.span(
            rx.el.b(event["title"]),
            cell_note(event["where"]),
            rx.el.span(event["when"], title=event["when_utc"], class_name="ui-cell-note"),
            rx.el.span(event["what"], class_name="ui-cell-note ui-q-figure"),
        )
        return rx.el.li(
            rx.el.button(
                icon,
                words,
                type="button",
                on_click=on_open(event["id"]),
                custom_attrs={"aria-current": rx.cond(opened == event["id"], "true", "false")},
            )
        )

    return rx.el.ul(rx.foreach(events, line), class_name="ui-card ui-q-list")


def event_card(state: State, answers: Callable[[], rx.Component]) -> rx.Component:
    """The open event: the question, the register around it, and the answers."""
    event = state.event
    return rx.cond(
        event.id == "",
        card(skeleton_lines(5)),
        rx.el.section(
            rx.el.div(
                rx.el.div(rx.el.h2(event.question), rx.el.p(event.why, class_name="ui-hint")),
                class_name="ui-card-head",
            ),
            rx.el.div(
                rx.cond(
                    event.picture != "",
                    rx.fragment(
                        rx.html(event.picture, class_name="ui-q-wide"),
                        rx.html(event.narrow_picture, class_name="ui-q-narrow"),
                        _legend(state),
                    ),
                    rx.fragment(),
                ),
                answers(),
                class_name="ui-card-body",
            ),
            class_name="ui-card",
        ),
    )


def _legend(state: State) -> rx.Component:
    return rx.el.ul(
        rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--line"), tr("Register, kWh")),
        rx.cond(
            state.event.suspects != "",
            rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--suspect"), state.event.suspects),
            rx.fragment(),
        ),
        rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--gap"), tr("No accepted readings")),
        rx.el.li(state.event.readings, tr(" around it")),
        class_name="ui-q-legend",
    )


def answer_body(answer: AnswerCard, day: Shown[str]) -> rx.Component:
    """What an answer would do to energy and money."""
    return rx.cond(
        answer["has_effects"],
        rx.el.dl(
            _effect(day, answer["day_kwh"], answer["day_change"]),
            _effect(tr("Since"), answer["since_kwh"], answer["since_change"]),
        ),
        rx.fragment(),
    )


def _effect(label: Shown[str], kwh: Shown[str], change: Shown[str]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(label), rx.el.dd(kwh, rx.el.span(change, class_name="ui-q-change")), class_name="ui-q-effect"
    )


def answer_head(answer: AnswerCard) -> rx.Component:
    """What an answer says, and what it means for the readings."""
    return rx.el.span(
        rx.el.b(answer["words"]),
        rx.cond(answer["is_now"], badge(tr("As it counts now")), rx.fragment()),
        cell_note(answer["note"]),
    )


def decision_list(
    state: State, row_end: Callable[[view.MadeDecision], list[rx.Component]] | None = None
) -> rx.Component:
    """What was decided, the latest first; `row_end` are the cells behind it, with what can be done to it."""

    def row(line: view.MadeDecision) -> list[rx.Component]:
        return [
            head_cell(rx.el.div(line["about"], cell_note(line["where"]))),
            cell(rx.el.div(line["state"], cell_note(line["note"])), label=tr("What"), prose=True, wide=True),
            cell(rx.el.div(line["author"], cell_note(line["at"])), label=tr("Who"), title=line["at_utc"]),
            *(row_end(line) if row_end else []),
        ]

    columns = [Column(tr("About")), Column(tr("What")), Column(tr("Who and when"))]
    columns += [Column(tr("Undo"), is_hidden_label=True)] if row_end else []
    nothing = empty_state(
        tr("Nothing was decided yet"),
        tr("Decisions are listed here, with who made them and why."),
        icon="scale",
    )
    return card(
        rx.cond(
            is_some(state.decisions),
            data_table(columns, state.decisions, row, caption=tr("Decisions"), stacked=True),
            nothing,
        ),
        flush=True,
    )


def _lines(rows: Shown[list[view.LineRow]], nothing: str) -> rx.Component:
    def row(line: view.LineRow) -> list[rx.Component]:
        return [
            head_cell(line["where"]),
            cell(rx.el.span(line["when"], title=line["when_utc"]), label=tr("When")),
            cell(line["what"], label=tr("What"), prose=True, wide=True),
            cell(line["figure"], label=tr("Shown"), number=True),
        ]

    return card(
        rx.cond(
            is_some(rows),
            data_table(_LINES, rows, row, caption=tr("What the readings are like"), stacked=True, tall=True),
            empty_state(tr("Nothing here"), nothing, icon="circle-check"),
        ),
        flush=True,
    )


def coverage_card(state: State) -> rx.Component:
    """The calendar: a row for each meter, a column a day, 24 hours downwards."""
    calendar = rx.el.ul(
        rx.el.li(
            rx.el.span(),
            rx.el.span(
                rx.foreach(state.day_numbers, rx.el.i),
                class_name="ui-q-numbers",
            ),
            rx.el.span(),
            aria_hidden=True,
            class_name="ui-q-head",
        ),
        rx.foreach(state.coverage, _coverage_row),
        class_name="ui-q-coverage",
    )
    return card(
        rx.cond(
            is_some(state.coverage),
            rx.fragment(calendar, _coverage_legend()),
            empty_state(state.none_title, state.none_words, icon="calendar-x"),
        ),
        rx.cond(state.unrated != "", callout(state.unrated, tone="note"), rx.fragment()),
        title=sentence("Coverage, {month_label}", month_label=state.month_label),
        note=_month_stepper(state),
    )


def _month_stepper(state: State) -> rx.Component:
    return rx.el.div(
        icon_button(
            rx.icon("chevron-left", size=16), label=tr("The month before"), on_click=state.step_month(-1)
        ),
        rx.el.span(state.month_note, class_name="ui-card-note"),
        icon_button(
            rx.icon("chevron-right", size=16),
            label=tr("The month after"),
            on_click=state.step_month(1),
            disabled=state.is_this_month,
        ),
        class_name="ui-row",
    )


def _coverage_row(row: view.CoverageRow) -> rx.Component:
    return rx.el.li(
        rx.el.span(rx.el.b(row["name"]), cell_note(row["site"]), class_name="ui-q-name"),
        rx.html(row["picture"]),
        rx.el.span(row["percent"], class_name="ui-q-percent"),
    )


def _coverage_legend() -> rx.Component:
    return rx.el.ul(
        rx.el.li(tr("A column is a day, 00:00 at the top")),
        rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--covered"), tr("Energy from readings")),
        rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--doubtful"), tr("Suspects within")),
        rx.el.li(rx.el.i(class_name="ui-q-key ui-q-key--gap"), tr("No readings")),
        class_name="ui-q-legend",
    )
