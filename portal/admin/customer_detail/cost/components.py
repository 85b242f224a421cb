"""What the tab with the cost is made of."""

import reflex as rx

from portal.admin.customer_detail.cost.state import CustomerCostState as State
from portal.admin.customer_detail.cost.view import CostRow
from portal.ui.cards import card, columns
from portal.ui.charts import chart
from portal.ui.feedback import (
    callout,
    callouts,
    cell_warning,
    empty_state,
    error_panel,
    skeleton,
    skeleton_lines,
)
from portal.ui.figures import figure, figure_row
from portal.ui.forms import button
from portal.ui.range_picker import range_picker, segments
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell

_CHART_HEIGHT = "280px"
_MEASURES = (("cost", "Cost"), ("energy", "Energy"))


def cost_panel() -> rx.Component:
    """Range, figures, warnings, chart and tables."""
    return rx.fragment(
        _picker(),
        rx.cond(
            State.failure != "",
            card(error_panel(State.failure, on_retry=State.load)),
            rx.el.div(
                _figures(),
                callouts(State.report.warnings),
                _below_the_figures(),
                aria_busy=State.is_busy,
                class_name=rx.cond(State.is_busy, "ui-stack ui-busy", "ui-stack"),
            ),
        ),
    )


def _picker() -> rx.Component:
    return rx.el.div(
        range_picker(
            active=State.quick,
            label=State.range_label,
            start=State.first_day,
            end=State.last_day,
            latest=State.today,
            on_quick=State.choose_quick,
            on_range=State.choose_days,
        ),
        rx.el.span("Days run from 00:00 to 24:00 UTC", class_name="ui-hint"),
        class_name="ui-row ui-row--between",
    )


def _figures() -> rx.Component:
    report, loading = State.report, State.is_loading
    return figure_row(
        figure("Energy", report.kwh, "kWh", State.range_label, loading=loading),
        figure("Base cost", report.base, note="Before VAT", loading=loading),
        figure("VAT", report.vat, note=report.vat_share, loading=loading),
        figure("Total", report.total, note=report.per_kwh, loading=loading, accent=True),
    )


def _below_the_figures() -> rx.Component:
    return rx.cond(
        State.is_loading,
        rx.fragment(
            card(skeleton("100%", _CHART_HEIGHT), title="Per day"),
            columns(
                card(skeleton_lines(7, "32px"), title="Days"),
                card(skeleton_lines(7, "32px"), title="Devices"),
            ),
        ),
        rx.cond(
            State.report.has_devices,
            rx.fragment(
                rx.cond(State.report.has_energy, _chart(), card(_no_energy())),
                columns(_days(), _devices()),
                callout(
                    "Fixed monthly charges are not included: they are billed for whole months.", tone="note"
                ),
            ),
            card(_no_devices()),
        ),
    )


def _chart() -> rx.Component:
    report = State.report
    return card(
        chart(
            rx.cond(State.measure == "cost", report.cost_figure, report.energy_figure),
            label=rx.cond(State.measure == "cost", "Cost per day", "Energy per day in kWh"),
            height=_CHART_HEIGHT,
        ),
        title="Per day",
        note=segments(
            _MEASURES, active=State.measure, on_choose=State.show_measure, label="What the chart shows"
        ),
    )


def _days() -> rx.Component:
    return card(
        data_table(
            _columns("Day"),
            State.report.days,
            _day_row,
            caption="Cost per day",
            totals=_totals(),
            tall=True,
        ),
        title="Days",
        flush=True,
    )


def _devices() -> rx.Component:
    return card(
        data_table(
            _columns("Device"),
            State.report.devices,
            _device_row,
            caption="Cost per device",
            totals=_totals(),
            tall=True,
        ),
        title="Devices",
        flush=True,
    )


def _columns(first: str) -> list[Column]:
    money = [Column(f"{name}, {State.report.unit}", is_number=True) for name in ("Base", "VAT", "Total")]
    return [Column(first), Column("kWh", is_number=True), *money]


def _totals() -> list[str | rx.Var[str]]:
    return ["Total", *[State.report.total_cells[index] for index in range(4)]]


def _day_row(row: CostRow) -> list[rx.Component]:
    return [head_cell(row["label"], wrap=False), *_money_cells(row)]


def _device_row(row: CostRow) -> list[rx.Component]:
    warning = rx.cond(row["warning"] != "", cell_warning(row["warning"]), rx.fragment())
    return [head_cell(rx.el.div(row["label"], cell_note(row["note"]), warning)), *_money_cells(row)]


def _money_cells(row: CostRow) -> list[rx.Component]:
    return [cell(row[key], number=True) for key in ("kwh", "base", "vat", "total")]


def _no_energy() -> rx.Component:
    return empty_state(
        "No energy in these days",
        "The devices sent no readings that add up to energy here. Try more days.",
        icon="calendar-x",
        action=rx.cond(
            State.quick == "last-30-days",
            rx.fragment(),
            button("Last 30 days", on_click=State.choose_quick("last-30-days")),
        ),
    )


def _no_devices() -> rx.Component:
    return empty_state(
        "Nothing to price yet",
        "This customer's stack has not pushed any device. Cost appears with the first readings.",
        icon="plug-zap",
    )
