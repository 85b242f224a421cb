"""The answers to an open event, as a form; and undoing a decision. At the Client."""

from typing import Literal

import reflex as rx

from portal.core.languages import tr
from portal.core.quality.rules.answers import EventAnswer
from portal.features.data_quality.answers import answers_shown
from portal.features.data_quality.deciding_state import DecidingPage
from portal.features.data_quality.event_view import AnswerCard
from portal.features.data_quality.parts import answer_body, answer_head, decision_list
from portal.features.data_quality.view import MadeDecision
from portal.features.settings.dialogs import form_dialog
from portal.ui.feedback import callout
from portal.ui.forms import button, text_field
from portal.ui.tables import menu_cell
from portal.ui.vars import Text, sentence
from portal.web.events.drafts import kept_form
from portal.web.events.identity import IdentityState

State = type[DecidingPage]
_UNDO = "undo"


def answer_form(state: State) -> rx.Component:
    """What happened, and what each answer does; for those who may not decide, the same without the form."""
    return rx.cond(IdentityState.is_admin, _form(state), answers_shown(state))


def _form(state: State) -> rx.Component:
    form = rx.el.form(
        rx.el.fieldset(
            rx.el.legend(tr("What happened, and what each answer does"), class_name="ui-label"),
            rx.el.ul(
                rx.foreach(state.event.answers, lambda card: _answer(state, card)), class_name="ui-q-answers"
            ),
            _boxes(state),
        ),
        rx.cond(state.problem != "", callout(state.problem, tone="fail"), rx.fragment()),
        rx.cond(
            (state.failure != "") & (state.opened == ""), callout(state.failure, tone="fail"), rx.fragment()
        ),
        rx.cond(state.event.note != "", callout(state.event.note, tone="note"), rx.fragment()),
        rx.el.div(
            text_field(tr("Note, kept with the decision"), name="note", required=True, max_length=1000),
            button(state.chosen_label, tone="primary", kind="submit"),
            class_name="ui-q-foot",
        ),
        on_submit=state.decide,
        key=state.event.id,
        class_name="ui-q-form",
    )
    opening: tuple[Text, Text, Text] = ("event", state.event.id, "")
    return kept_form(form, scope="meter-event", done=state.draft_done, opening=opening)


def _answer(state: State, card: AnswerCard) -> rx.Component:
    is_chosen = state.chosen == card["key"]
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="radio",
                name="answer",
                value=card["key"],
                checked=is_chosen,
                on_change=state.choose(card["key"]),
            ),
            answer_head(card),
        ),
        answer_body(card, state.event.day),
        class_name=rx.cond(is_chosen, "ui-q-answer ui-q-answer--chosen", "ui-q-answer"),
    )


def _boxes(state: State) -> rx.Component:
    return rx.el.div(
        _box(state, "closing", tr("Old register, last")),
        _box(state, "opening", tr("New register, first")),
        _box(state, "at", tr("Changed at"), kind="datetime-local", default=state.event.at_value),
        _box(state, "ratio", tr("CT ratio, if new"), hint="100/5"),
        class_name=rx.cond(
            state.chosen == EventAnswer.CORRECT.value, "ui-q-boxes", "ui-q-boxes ui-q-unasked"
        ),
    )


def _box(
    state: State,
    name: str,
    label: str,
    *,
    kind: Literal["text", "datetime-local"] = "text",
    default: Text = "",
    hint: str = "",
) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(
            id=name,
            name=name,
            type=kind,
            on_blur=lambda text: state.type_box(name, text),
            auto_complete="off",
            default_value=default,
            placeholder=hint,
            class_name="ui-input",
        ),
        class_name="ui-field" if kind == "text" else "ui-field ui-q-when",
    )


def decided(state: State) -> rx.Component:
    """What was decided, with a button to undo what holds."""

    def undo(line: MadeDecision) -> list[rx.Component]:
        return [
            menu_cell(
                rx.cond(
                    line["can_undo"] & IdentityState.is_admin,
                    button(
                        tr("Undo"), size="small", on_click=state.open_dialog(_UNDO, line["id"], line["about"])
                    ),
                    rx.fragment(),
                )
            )
        ]

    return rx.fragment(decision_list(state, undo), _undoing(state))


def _undoing(state: State) -> rx.Component:
    return form_dialog(
        state,
        _UNDO,
        tr("Undo this decision?"),
        text_field(tr("Why, kept beside the decision"), name="undo_note", required=True, max_length=1000),
        on_submit=state.undo,
        submit=tr("Undo"),
        description=sentence(
            "{chosen_name}. What it changed is computed again without it.", chosen_name=state.chosen_name
        ),
        draft="meter-decision",
    )
