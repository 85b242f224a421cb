"""What the tab with the cost is made of."""

import reflex as rx

from portal.admin.customer_detail.cost.explain_state import CustomerExplainState as Explain
from portal.admin.customer_detail.cost.state import CustomerCostState as State
from portal.core.languages import tr
from portal.features.cost.days import UTC_DAYS
from portal.features.cost.parts import body, day_chart, left_out, picker, submeters, table
from portal.features.cost.view import CostRow
from portal.ui.cards import card, columns
from portal.ui.feedback import badge, callout, empty_state
from portal.ui.forms import button
from portal.ui.vars import Shown, Text, Told


def cost_panel() -> rx.Component:
    """Range, figures, warnings, chart and tables."""
    return rx.fragment(
        picker(State, _files()),
        rx.el.div(
            rx.cond(State.grouping == UTC_DAYS, badge(tr("UTC days"), "warn"), rx.fragment()),
            rx.el.span(State.days_note, class_name="ui-hint"),
            class_name="ui-row",
        ),
        body(State, _below_the_figures(), on_explain=Explain.explain_total),
    )


def _below_the_figures() -> rx.Component:
    report = State.report
    return rx.cond(
        report.has_devices,
        rx.fragment(
            rx.cond(report.has_energy, day_chart(State, Explain.open_day), card(_no_energy())),
            columns(
                _table("Day", report.days, tr("Days"), Explain.explain_day, Explain.open_day),
                _table("Device", report.devices, tr("Devices"), Explain.explain_device, Explain.open_device),
            ),
            columns(
                _table("Site", report.sites, tr("Sites"), Explain.explain_device),
                _table("Period", report.periods, tr("Time of use"), Explain.explain_day),
            ),
            submeters(State, on_explain=Explain.explain_device, opened=Explain.open_device),
            callout(
                tr("Fixed charges are not included: the customer's own Cost page has them."), tone="note"
            ),
            left_out(State),
        ),
        card(_no_devices()),
    )


def _table(
    first: str, rows: Shown[list[CostRow]], title: str, on_explain: Told[str], opened: Text = "-"
) -> rx.Component:
    return table(
        State, first, rows, title=title, on_explain=on_explain, opened=opened, download_path=_files()
    )


def _files() -> Text:
    # The state has this variable once the page with its route is added, not before.
    return "/download/customers/" + State.customer_id + "/cost"


def _no_energy() -> rx.Component:
    return empty_state(
        tr("No energy in these days"),
        tr("The devices sent no readings that add up to energy here. Try more days."),
        icon="calendar-x",
        action=rx.cond(
            State.quick == "last-30-days",
            rx.fragment(),
            button(tr("Last 30 days"), on_click=State.choose_quick("last-30-days")),
        ),
    )


def _no_devices() -> rx.Component:
    return empty_state(
        tr("Nothing to price yet"),
        tr("This customer's stack has not pushed any device. Cost appears with the first readings."),
        icon="plug-zap",
    )
