"""What the tab with the quality of a customer's data is made of: the same as at the customer, without the form."""

import reflex as rx

from portal.admin.customer_detail.quality.state import CustomerQualityState as State
from portal.features.data_quality.answers import answers_shown
from portal.features.data_quality.parts import decision_list, event_card, quality_body


def quality_panel() -> rx.Component:
    """What waits at the customer, what it decided, and the calendar of its meters."""
    return rx.fragment(
        rx.el.p(State.subtitle, class_name="ui-hint"),
        quality_body(State, event_card(State, lambda: answers_shown(State)), decided=decision_list(State)),
    )
