"""The dialog that explains a figure: a device and a day, its hours, and one hour down to its readings."""

import reflex as rx

from portal.features.cost.explain_state import CostExplainer
from portal.features.cost.explain_view import ExplainStep, HourRow
from portal.features.cost.parts import listing_table
from portal.ui.feedback import callout
from portal.ui.forms import button, dialog, dialog_buttons
from portal.ui.tables import Column, cell, data_table, head_cell
from portal.ui.vars import Shown, is_some, size

State = type[CostExplainer]
_HOURS = (Column("Hour"), Column("kWh", is_number=True), Column("Rate"), Column("Total", is_number=True))


def explain_dialog(state: State) -> rx.Component:
    """Explain this cent."""
    return dialog(
        "Explain this figure",
        _way_back(state),
        rx.cond(state.failure != "", callout(state.failure, tone="fail"), rx.fragment()),
        rx.fragment(
            rx.match(
                state.step,
                ("days", _listing(state, "Day", "Days of this range")),
                ("devices", _listing(state, "Device", "Devices on this day")),
                rx.fragment(_chooser(state), _hours_or_hour(state)),
            )
        ),
        dialog_buttons(button("Close", on_click=state.explain_close(False))),
        is_open=state.explain_open,
        on_open_change=state.explain_close,
        description="From the days to a device, its hours, and an hour down to the readings behind it.",
        width="720px",
    )


def _way_back(state: State) -> rx.Component:
    """Where a look at a part of the figures came from."""
    return rx.cond(
        state.step != "days",
        rx.el.div(
            button("All days", size="small", on_click=state.explain_from_total),
            rx.cond(
                (state.step == "hours") & (size(state.explain_devices) > 1),
                button("All devices", size="small", on_click=state.explain_devices_of_day),
                rx.fragment(),
            ),
            rx.cond(
                (state.step == "hours") & (state.explained.title != ""),
                button("All hours", size="small", on_click=state.explain_hour("")),
                rx.fragment(),
            ),
            class_name="ui-row",
        ),
        rx.fragment(),
    )


def _listing(state: State, first: str, caption: str) -> rx.Component:
    return rx.el.div(
        rx.el.h2(state.step_title, class_name="ui-section-title"),
        listing_table(
            state.step_unit,
            first,
            state.step_rows,
            state.step_totals,
            on_explain=state.explain_choose_row,
            caption=caption,
        ),
        class_name="ui-stack",
    )


def _hours_or_hour(state: State) -> rx.Component:
    return rx.cond(
        state.explained.title != "",
        _hour(state),
        rx.cond(
            is_some(state.hours),
            rx.fragment(
                data_table(
                    _HOURS,
                    state.hours,
                    lambda row: _hour_row(state, row),
                    caption="Hours",
                    totals=[state.hour_totals[index] for index in range(len(_HOURS))],
                    tall=True,
                ),
                rx.el.p(state.hours_as_of, class_name="ui-hint"),
            ),
            rx.el.p("No energy on this day.", class_name="ui-hint"),
        ),
    )


def _chooser(state: State) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.label("Device", html_for="explain-device"),
            rx.el.select(
                rx.foreach(state.explain_devices, lambda pair: rx.el.option(pair[1], value=pair[0])),
                id="explain-device",
                value=state.explain_device,
                on_change=state.explain_choose_device,
                class_name="ui-input",
            ),
            class_name="ui-field",
        ),
        rx.el.div(
            rx.el.label("Day", html_for="explain-day"),
            rx.el.input(
                id="explain-day",
                type="date",
                value=state.explain_day,
                on_change=state.explain_choose_day,
                class_name="ui-input",
            ),
            class_name="ui-field",
        ),
        class_name="ui-row",
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
        rx.el.h2(found.title, class_name="ui-section-title"),
        _steps("Readings used", found.readings),
        _steps("Energy by the register", found.pieces),
        _steps("Tariff, rate and VAT", found.parts),
        _steps("Rounding", found.result),
        rx.el.p(found.as_of, class_name="ui-hint"),
        class_name="ui-stack",
    )


def _steps(title: str, steps: Shown[list[ExplainStep]]) -> rx.Component:
    return data_table(
        (
            Column(title),
            Column("How", is_hidden_label=True),
            Column("Figure", is_number=True, is_hidden_label=True),
        ),
        steps,
        _step,
        caption=title,
        even=True,
    )


def _step(step: ExplainStep) -> list[rx.Component]:
    return [
        # What belongs to the step above has no title of its own, and so no heading.
        rx.cond(step["title"] != "", head_cell(step["title"]), cell("")),
        rx.el.td(step["words"], class_name="ui-cell-wrap"),
        cell(step["figure"], number=True),
    ]
