"""What the Cost page is made of."""

import reflex as rx

from portal.client.cost.explain_state import CostExplainState as Explain
from portal.client.cost.state import CostState as State
from portal.core.languages import tr
from portal.features.cost.parts import body, day_chart, left_out, picker, submeters, table
from portal.features.cost.view import CostRow
from portal.ui.cards import card, columns
from portal.ui.feedback import callout, empty_state
from portal.ui.forms import button
from portal.ui.layout import PlainLink
from portal.ui.vars import Shown, Text, Told, size

_FILES = "/download/cost"


def cost_content() -> rx.Component:
    """Range, site, figures, chart and tables."""
    return rx.fragment(
        rx.el.p(State.site_label, ", ", State.range_label, class_name="ui-print-only"),
        picker(State, _FILES),
        rx.el.div(
            rx.cond(State.is_loading | (size(State.sites) > 1), _site_choice(), rx.fragment()),
            rx.el.span(State.days_note, class_name="ui-hint ui-as-of"),
            _month_report(),
            class_name="ui-row ui-row--between",
        ),
        body(State, _below_the_figures(), on_explain=Explain.explain_total, has_fixed=True),
    )


def _month_report() -> rx.Component:
    return PlainLink.create(
        rx.icon("file-text", size=15),
        tr("Last month's report"),
        href="/download/report.pdf",
        title=tr("Energy, cost by period and site, comparison and events of the last month, as PDF"),
        class_name="ui-button ui-button--small",
        custom_attrs={"download": True},
    )


def _site_choice() -> rx.Component:
    return rx.el.select(
        rx.el.option(tr("All sites"), value=""),
        rx.foreach(State.sites, lambda site: rx.el.option(site[1], value=site[0])),
        value=State.site,
        on_change=State.choose_site,
        aria_label=tr("Site"),
        class_name="ui-input",
        style={"max_width": "280px"},
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
            rx.cond(
                report.has_fixed,
                callout(
                    tr("Fixed charges are included: each day carries its part of its month's charge."),
                    tone="note",
                ),
                rx.fragment(),
            ),
            left_out(State),
        ),
        card(_no_devices()),
    )


def _table(
    first: str, rows: Shown[list[CostRow]], title: str, on_explain: Told[str], opened: Text = "-"
) -> rx.Component:
    return table(State, first, rows, title=title, on_explain=on_explain, opened=opened, download_path=_FILES)


def _no_energy() -> rx.Component:
    return empty_state(
        tr("No energy in these days"),
        tr("The meters sent no readings that add up to energy here. Try more days."),
        icon="calendar-x",
        action=button(tr("Last 30 days"), on_click=State.choose_quick("last-30-days")),
    )


def _no_devices() -> rx.Component:
    return empty_state(
        tr("Nothing to price yet"),
        tr("Add a site and its meter first; its cost appears with the first readings."),
        icon="plug-zap",
    )
