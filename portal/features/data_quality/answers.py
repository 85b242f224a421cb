"""The answers to an event for whoever cannot give one: what each would do."""

import reflex as rx

from portal.core.languages import tr
from portal.features.data_quality.event_view import AnswerCard
from portal.features.data_quality.page_state import QualityPage
from portal.features.data_quality.parts import answer_body, answer_head

State = type[QualityPage]


def answers_shown(state: State) -> rx.Component:
    """The answers with what each would do, for whoever cannot give one."""
    return rx.el.div(
        rx.el.p(tr("What each answer would do"), class_name="ui-label"),
        rx.el.ul(
            rx.foreach(state.event.answers, lambda card: _shown(state, card)), class_name="ui-q-answers"
        ),
        class_name="ui-q-form",
    )


def _shown(state: State, card: AnswerCard) -> rx.Component:
    return rx.el.li(answer_head(card), answer_body(card, state.event.day), class_name="ui-q-answer")
