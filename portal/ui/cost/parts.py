"""What a cost page is made of, over the state of either run mode.

The state has `report`, the range (`quick`, `range_label`, `first_day`, `last_day`, `today`), `grouping`, `measure`,
`export_query`, `failure`, `is_loading`, `is_busy`, and their handlers.
"""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from portal.ui.cards import card, columns
from portal.ui.charts import chart
from portal.ui.cost.days import LOCAL_DAYS, UTC_DAYS
from portal.ui.cost.view import CostRow
from portal.ui.feedback import callouts, cell_warning, error_panel, skeleton, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.range_picker import range_picker, segments
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell

_CHART_HEIGHT = "300px"
_MEASURES = (("cost", "Cost"), ("energy", "Energy"))
_GROUPINGS = ((UTC_DAYS, "UTC days"), (LOCAL_DAYS, "Local days"))
_HUES = {"peak": "var(--ui-peak)", "standard": "var(--ui-standard)", "off-peak": "var(--ui-off-peak)"}

State = Any


class _FileLink(BaseHTML):
    """A plain link: the browser saves the file. Reflex's own would start a navigation between pages."""

    tag = "a"

    href: rx.Var[str]


def picker(state: State, download_path: rx.Var[str] | str) -> rx.Component:
    """The range, whose days, and the report as a file."""
    return rx.el.div(
        range_picker(
            active=state.quick,
            label=state.range_label,
            start=state.first_day,
            end=state.last_day,
            latest=state.today,
            on_quick=state.choose_quick,
            on_range=state.choose_days,
        ),
        rx.el.div(
            segments(_GROUPINGS, active=state.grouping, on_choose=state.group_by, label="Whose days"),
            _download("CSV", download_path, "csv", state),
            _download("Excel", download_path, "xlsx", state),
            class_name="ui-row",
        ),
        class_name="ui-row ui-row--between",
    )


def _download(label: str, path: rx.Var[str] | str, kind: str, state: State) -> rx.Component:
    return _FileLink.create(
        rx.icon("download", size=15),
        label,
        href=f"{path}.{kind}?{state.export_query}",
        custom_attrs={"download": True},
        class_name="ui-button ui-button--small",
    )


def body(state: State, below: rx.Component) -> rx.Component:
    """Figures, warnings and what is below them; or why there is nothing."""
    return rx.cond(
        state.failure != "",
        card(error_panel(state.failure, on_retry=state.load)),
        rx.el.div(
            _figures(state),
            callouts(state.report.warnings),
            rx.cond(state.is_loading, _skeletons(), below),
            aria_busy=state.is_busy,
            class_name=rx.cond(state.is_busy, "ui-stack ui-busy", "ui-stack"),
        ),
    )


def _figures(state: State) -> rx.Component:
    report, loading = state.report, state.is_loading
    return figure_row(
        figure("Energy", report.kwh, "kWh", state.range_label, loading=loading),
        figure("Base cost", report.base, note="Before VAT", loading=loading),
        figure("VAT", report.vat, note=report.vat_share, loading=loading),
        figure("Total", report.total, note=report.per_kwh, loading=loading, accent=True),
    )


def _skeletons() -> rx.Component:
    return rx.fragment(
        card(skeleton("100%", _CHART_HEIGHT), title="Per day"),
        columns(
            card(skeleton_lines(7, "32px"), title="Days"), card(skeleton_lines(7, "32px"), title="Devices")
        ),
    )


def day_chart(state: State) -> rx.Component:
    """Cost or energy per day, stacked by time of use."""
    is_cost = state.measure == "cost"
    return card(
        chart(
            rx.cond(is_cost, state.report.cost_figure, state.report.energy_figure),
            label=rx.cond(is_cost, "Cost per day", "Energy per day in kWh"),
            height=_CHART_HEIGHT,
        ),
        title="Per day",
        note=segments(
            _MEASURES, active=state.measure, on_choose=state.show_measure, label="What the chart shows"
        ),
    )


def table(
    state: State, first: str, rows: rx.Var[list[CostRow]], *, title: str, on_explain: Any = None
) -> rx.Component:
    """One listing with its totals; `on_explain(key)` is called by the button of a row."""

    def row(line: CostRow) -> list[rx.Component]:
        warning = rx.cond(line["warning"] != "", cell_warning(line["warning"]), rx.fragment())
        name = _name(line, on_explain) if on_explain is not None else _hued(line)
        return [
            head_cell(rx.el.div(name, cell_note(line["note"]), warning)),
            *[cell(line[key], number=True) for key in ("kwh", "base", "vat", "total")],
        ]

    money = [Column(f"{name}, {state.report.unit}", is_number=True) for name in ("Base", "VAT", "Total")]
    return card(
        data_table(
            [Column(first), Column("kWh", is_number=True), *money],
            rows,
            row,
            caption=f"Cost per {first.lower()}",
            totals=["Total", *[state.report.total_cells[index] for index in range(4)]],
            tall=True,
        ),
        title=title,
        flush=True,
    )


def _name(line: CostRow, on_explain: Any) -> rx.Component:
    return rx.cond(
        line["key"] != "",
        rx.el.button(
            line["label"],
            type="button",
            title="Explain this figure",
            on_click=on_explain(line["key"]),
            class_name="ui-link",
        ),
        rx.el.span(line["label"]),
    )


def _hued(line: CostRow) -> rx.Component:
    return rx.el.span(hue_square(line["kind"]), line["label"])


def hue_square(kind: rx.Var[str]) -> rx.Component:
    """The hue of a time-of-use period; nothing for a period of no kind."""
    squares = [(name, _square(colour)) for name, colour in _HUES.items()]
    return rx.fragment(rx.match(kind, *squares, rx.fragment()))


def _square(colour: str) -> rx.Component:
    return rx.el.span(
        aria_hidden=True,
        style={
            "display": "inline-block",
            "width": "10px",
            "height": "10px",
            "border_radius": "2px",
            "margin_right": "8px",
            "background": colour,
        },
    )
