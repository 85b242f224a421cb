"""The panel that explains a figure: days, a day's devices, a device's hours, and one hour down to its readings."""

import reflex as rx

from portal.core.languages import tr
from portal.features.cost.explain_state import CostExplainer
from portal.features.cost.explain_view import ExplainStep, HourRow
from portal.features.cost.parts import hue_square
from portal.features.cost.view import CostRow
from portal.ui.feedback import callout
from portal.ui.forms import icon_button
from portal.ui.panels import panel
from portal.ui.plotted import bars
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import Click, Shown, Text, Told, is_some, sentence

State = type[CostExplainer]
_HOURS = (
    Column(tr("Hour")),
    Column("kWh", is_number=True),
    Column(tr("Rate")),
    Column(tr("Total"), is_number=True),
)
_STRIP_HEIGHT = "72px"


def explain_panel(state: State) -> rx.Component:
    """Explain this cent, beside the page; nothing where nothing is explained."""
    return rx.cond(
        (state.step != "") | (state.failure != ""),
        panel(
            _title(state),
            rx.cond(state.failure != "", _part(callout(state.failure, tone="fail")), _shown(state)),
            label=tr("Explanation"),
            crumbs=(_crumb_total(state), _crumb_day(state), _crumb_device(state), _crumb_hour(state)),
            on_close=state.explain_close,
            actions=_pager(state),
            at=f"{state.step} {state.open_day} {state.open_device} {state.hour_label}",
        ),
        rx.fragment(),
    )


def _title(state: State) -> rx.Component:
    return rx.fragment(
        rx.match(
            state.step,
            ("days", tr("Days of this range")),
            ("devices", state.day_label),
            ("hours", f"{state.device_label}, {state.day_label}"),
            ("hour", f"{state.device_label}, {state.hour_label}"),
            tr("Explanation"),
        )
    )


def _shown(state: State) -> rx.Component:
    return rx.fragment(
        rx.match(
            state.step,
            ("days", _listing(state, tr("Day"), tr("Days of this range"), state.explain_day)),
            ("devices", _listing(state, tr("Device"), tr("Devices on this day"), state.explain_device)),
            ("hours", rx.fragment(_strip(state), _hours(state))),
            rx.fragment(_strip(state), _hour(state)),
        )
    )


def _crumb(words: Text, on_click: Click) -> rx.Component:
    return rx.el.button(words, type="button", on_click=on_click, class_name="ui-link")


def _crumb_total(state: State) -> rx.Component:
    return rx.cond(state.step == "days", rx.el.span(tr("Total")), _crumb(tr("Total"), state.explain_total))


def _crumb_day(state: State) -> rx.Component:
    link = _crumb(state.day_label, state.explain_day(state.open_day))
    return rx.fragment(
        rx.match(
            state.step,
            ("devices", rx.el.span(state.day_label)),
            ("hours", link),
            ("hour", link),
            rx.fragment(),
        )
    )


def _crumb_device(state: State) -> rx.Component:
    return rx.fragment(
        rx.match(
            state.step,
            ("hours", rx.el.span(state.device_label)),
            ("hour", _crumb(state.device_label, state.explain_hour(""))),
            rx.fragment(),
        )
    )


def _crumb_hour(state: State) -> rx.Component:
    return rx.cond(state.step == "hour", rx.el.span(state.hour_label), rx.fragment())


def _pager(state: State) -> rx.Component:
    what = rx.cond(state.step == "hour", tr("hour"), tr("day"))
    before = icon_button(
        rx.icon("chevron-left", size=16),
        label=sentence("The {what} before", what=what),
        on_click=state.explain_beside(state.before),
        disabled=state.before == "",
    )
    after = icon_button(
        rx.icon("chevron-right", size=16),
        label=sentence("The {what} after", what=what),
        on_click=state.explain_beside(state.after),
        disabled=state.after == "",
    )
    return rx.cond(
        state.step != "days", rx.el.span(before, after, class_name="ui-step ui-step--small"), rx.fragment()
    )


def _part(*content: rx.Component) -> rx.Component:
    return rx.el.section(*content, class_name="ui-panel-part")


def _listing(state: State, first: str, caption: str, on_choose: Told[str]) -> rx.Component:
    table = data_table(
        (
            Column(first),
            Column("kWh", is_number=True),
            Column(sentence("Total, {unit}", unit=state.unit), is_number=True),
        ),
        state.rows,
        lambda row: _listed(row, on_choose),
        caption=caption,
        totals=[tr("Total"), state.row_totals[0], state.row_totals[3]],
    )
    return rx.el.div(table, class_name="ui-panel-table")


def _listed(row: CostRow, on_choose: Told[str]) -> list[rx.Component]:
    name = rx.cond(
        row["key"] != "",
        rx.el.button(row["label"], type="button", on_click=on_choose(row["key"]), class_name="ui-link"),
        rx.el.span(row["label"]),
    )
    base_and_vat = rx.fragment(tr("Base "), row["base"], tr(", VAT "), row["vat"])
    return [
        head_cell(
            rx.el.div(hue_square(row["hue"]), name, class_name="ui-cell-name"),
            cell_note(row["note"]),
            cell_note(base_and_vat),
        ),
        cell(row["kwh"], number=True),
        cell(row["total"], number=True),
    ]


def _strip(state: State) -> rx.Component:
    return rx.cond(
        is_some(state.hours),
        _part(
            bars(
                state.hours_figure,
                label=tr("Energy by the hour."),
                height=_STRIP_HEIGHT,
                on_open=state.explain_hour,
            )
        ),
        rx.fragment(),
    )


def _hours(state: State) -> rx.Component:
    table = data_table(
        _HOURS,
        state.hours,
        lambda row: _hour_row(state, row),
        caption=tr("Hours"),
        totals=[state.hour_totals[index] for index in range(len(_HOURS))],
    )
    return rx.cond(
        is_some(state.hours),
        rx.el.div(
            table, _part(rx.el.p(state.hours_as_of, class_name="ui-hint")), class_name="ui-panel-table"
        ),
        _part(rx.el.p(tr("No energy on this day."), class_name="ui-hint")),
    )


def _hour_row(state: State, row: HourRow) -> list[rx.Component]:
    return [
        head_cell(
            rx.el.button(
                row["label"], type="button", on_click=state.explain_hour(row["key"]), class_name="ui-link"
            )
        ),
        cell(row["kwh"], number=True),
        cell(row["periods"]),
        cell(row["total"], number=True),
    ]


def _hour(state: State) -> rx.Component:
    found = state.explained
    return rx.el.div(
        rx.el.p(found.title, class_name="ui-hint ui-panel-part"),
        _steps(tr("Readings used"), found.readings),
        _steps(tr("Energy by the register"), found.pieces),
        _steps(tr("Tariff, rate and VAT"), found.parts),
        _steps(tr("Rounding"), found.result),
        rx.el.p(found.as_of, class_name="ui-hint ui-panel-part"),
        class_name="ui-panel-table",
    )


def _steps(title: str, steps: Shown[list[ExplainStep]]) -> rx.Component:
    return data_table(
        (
            Column(title),
            Column(tr("How"), is_hidden_label=True),
            Column(tr("Figure"), is_number=True, is_hidden_label=True),
        ),
        steps,
        _step,
        caption=title,
    )


def _step(step: ExplainStep) -> list[rx.Component]:
    return [
        # What belongs to the step above has no title of its own, and so no heading.
        rx.cond(step["title"] != "", head_cell(step["title"]), cell("")),
        rx.el.td(step["words"], class_name="ui-cell-wrap"),
        cell(step["figure"], number=True),
    ]
