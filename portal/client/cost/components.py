"""What the Cost page is made of."""

import reflex as rx

from portal.client.cost.explain_state import CostExplainState as Explain
from portal.client.cost.state import CostState as State
from portal.ui.cards import card, columns
from portal.ui.cost.explain_parts import explain_dialog
from portal.ui.cost.parts import body, day_chart, picker, table
from portal.ui.feedback import callout, empty_state
from portal.ui.forms import button


def cost_content() -> rx.Component:
    """Range, site, figures, chart and tables."""
    return rx.fragment(
        picker(State, "/download/cost"),
        rx.el.div(
            rx.cond(State.sites.length() > 1, _site_choice(), rx.fragment()),
            rx.el.span(State.days_note, class_name="ui-hint"),
            class_name="ui-row ui-row--between",
        ),
        body(State, _below_the_figures()),
        explain_dialog(Explain),
    )


def _site_choice() -> rx.Component:
    return rx.el.select(
        rx.el.option("All sites", value=""),
        rx.foreach(State.sites, lambda site: rx.el.option(site[1], value=site[0])),
        value=State.site,
        on_change=State.choose_site,
        aria_label="Site",
        class_name="ui-input",
        style={"max_width": "280px"},
    )


def _below_the_figures() -> rx.Component:
    report = State.report
    return rx.cond(
        report.has_devices,
        rx.fragment(
            rx.cond(report.has_energy, day_chart(State), card(_no_energy())),
            columns(
                table(State, "Day", report.days, title="Days", on_explain=Explain.explain_from_day),
                table(
                    State, "Device", report.devices, title="Devices", on_explain=Explain.explain_from_device
                ),
            ),
            columns(
                table(State, "Site", report.sites, title="Sites"),
                table(State, "Period", report.periods, title="Time of use"),
            ),
            rx.cond(
                report.has_fixed,
                callout(
                    "Fixed monthly charges are included for the whole months in this range.", tone="note"
                ),
                callout(
                    "Fixed monthly charges are added for whole months only; this range has none.", tone="note"
                ),
            ),
        ),
        card(_no_devices()),
    )


def _no_energy() -> rx.Component:
    return empty_state(
        "No energy in these days",
        "The meters sent no readings that add up to energy here. Try more days.",
        icon="calendar-x",
        action=button("Last 30 days", on_click=State.choose_quick("last-30-days")),
    )


def _no_devices() -> rx.Component:
    return empty_state(
        "Nothing to price yet",
        "Add a site and its meter first; its cost appears with the first readings.",
        icon="plug-zap",
    )
