"""What the page of the fleet's data quality is made of."""

import reflex as rx

from portal.admin.data_quality.state import FleetQualityState as State
from portal.admin.data_quality.view import FleetEventLine, WaitingCustomer
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import empty_state, error_panel, skeleton_lines
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import is_some

_CUSTOMERS = (Column(tr("Customer")), Column(tr("Waiting"), is_number=True))
_EVENTS = (Column(tr("Event")), Column(tr("Customer")), Column(tr("When")), Column(tr("What")))


def fleet_quality() -> rx.Component:
    """What waits, and where; or why there is nothing."""
    return rx.cond(
        State.is_loading,
        card(skeleton_lines(6)),
        rx.cond(
            State.failure != "",
            card(error_panel(State.failure, on_retry=State.load)),
            rx.cond(is_some(State.events), rx.fragment(_events(), _customers()), card(_nothing())),
        ),
    )


def _customers() -> rx.Component:
    def row(line: WaitingCustomer) -> list[rx.Component]:
        name = internal_link(line["name"], href=line["address"], class_name="ui-link")
        return [head_cell(name), cell(line["count"], number=True)]

    table = data_table(_CUSTOMERS, State.customers, row, caption=tr("Events by customer"))
    return card(table, title=tr("By customer"), note=State.customers_note, flush=True)


def _events() -> rx.Component:
    def row(line: FleetEventLine) -> list[rx.Component]:
        title = internal_link(line["title"], href=line["address"], class_name="ui-link")
        return [
            head_cell(rx.el.div(title, cell_note(line["where"]))),
            cell(line["customer"], label=tr("Customer")),
            cell(rx.el.span(line["when"], title=line["when_utc"]), label=tr("When")),
            cell(line["what"], label=tr("What"), prose=True, wide=True),
        ]

    table = data_table(_EVENTS, State.events, row, caption=tr("Events that wait"), stacked=True, tall=True)
    return card(table, title=tr("To decide"), note=State.events_note, flush=True)


def _nothing() -> rx.Component:
    return empty_state(
        tr("Nothing to decide in the fleet"),
        tr("What the judge finds in customers' readings waits here until it is decided at the customer."),
        icon="clipboard-check",
    )
