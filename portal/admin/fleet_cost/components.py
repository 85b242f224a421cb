"""What the page with a month of all customers is made of."""

import reflex as rx

from portal.admin.fleet_cost.state import FleetCostState as State
from portal.admin.fleet_cost.view import MonthRow, TotalRow
from portal.core.languages import tr
from portal.features.cost.parts import file_link
from portal.ui.cards import card
from portal.ui.feedback import callout, cell_warning, empty_state, error_panel, skeleton_lines
from portal.ui.forms import icon_button
from portal.ui.layout import internal_link
from portal.ui.listing import pager
from portal.ui.tables import Column, Ordering, cell, cell_note, data_table, head_cell, ordered_table
from portal.ui.vars import is_some

_COLUMNS = (
    Column(tr("Customer"), order="name"),
    Column(tr("Energy, kWh"), is_number=True, order="kwh"),
    Column(tr("Base cost"), is_number=True),
    Column(tr("VAT"), is_number=True),
    Column(tr("Total"), is_number=True, order="total"),
    Column(tr("Per kWh"), is_number=True, hint=tr("With VAT, of what has a price"), order="rate"),
    Column(
        tr("Coverage"), is_number=True, hint=tr("Hours of meters with energy from readings"), order="coverage"
    ),
)
_TOTALS = (
    Column(tr("Currency")),
    Column(tr("Customers"), is_number=True),
    Column(tr("Energy, kWh"), is_number=True),
    Column(tr("Base cost"), is_number=True),
    Column(tr("VAT"), is_number=True),
    Column(tr("Total"), is_number=True),
    Column(tr("Per kWh"), is_number=True),
)
_ORDERING = Ordering(State.order, State.is_descending, State.order_by)


def month_step() -> rx.Component:
    """The month, the ones beside it, and its files."""
    return rx.el.div(
        rx.el.span(
            icon_button(rx.icon("chevron-left", size=16), label=tr("Month before"), on_click=State.step(-1)),
            rx.el.span(State.month_label, class_name="ui-day-words"),
            icon_button(
                rx.icon("chevron-right", size=16),
                label=tr("Month after"),
                disabled=State.is_last,
                on_click=State.step(1),
            ),
            class_name="ui-step",
        ),
        file_link(
            tr("Excel"),
            f"/download/fleet/cost.xlsx?{State.export_query}",
            hint=tr("All customers as a workbook"),
        ),
        file_link("CSV", f"/download/fleet/cost.csv?{State.export_query}", hint=tr("All customers as CSV")),
        class_name="ui-row",
    )


def month_content() -> rx.Component:
    """Totals first, then every customer."""
    return rx.cond(
        State.is_loading,
        card(skeleton_lines(8)),
        rx.cond(
            State.failure != "",
            card(error_panel(State.failure, on_retry=State.load)),
            rx.el.div(
                _totals(),
                card(rx.cond(is_some(State.rows), _customers(), _nobody()), flush=True),
                callout(
                    tr(
                        "Local days of each site. Fixed charges are not included: customers' own Cost pages "
                        "have them."
                    ),
                    tone="note",
                ),
                rx.el.span(State.as_of, class_name="ui-hint"),
                aria_busy=State.is_busy,
                class_name=rx.cond(State.is_busy, "ui-stack ui-busy", "ui-stack"),
            ),
        ),
    )


def _totals() -> rx.Component:
    table = data_table(_TOTALS, State.totals, _total, caption=tr("All customers by currency"), stacked=True)
    return rx.cond(is_some(State.totals), card(table, title=tr("All customers"), flush=True), rx.fragment())


def _total(row: TotalRow) -> list[rx.Component]:
    return [
        head_cell(row["currency"]),
        cell(row["customers"], label=tr("Customers"), number=True),
        cell(row["kwh"], label=tr("Energy, kWh"), number=True),
        cell(row["base"], label=tr("Base cost"), number=True),
        cell(row["vat"], label=tr("VAT"), number=True),
        cell(rx.el.strong(row["total"]), label=tr("Total"), number=True),
        cell(row["rate"], label=tr("Per kWh"), number=True),
    ]


def _customers() -> rx.Component:
    return rx.fragment(
        ordered_table(_COLUMNS, State.rows, _row, caption=tr("Cost by customer"), ordering=_ORDERING),
        pager(State.pages, on_page=State.go_to),
    )


def _row(row: MonthRow) -> list[rx.Component]:
    note = rx.cond(row["note"] != "", cell_warning(row["note"]), rx.fragment())
    covered = rx.cond(row["is_low"], rx.el.span(row["coverage"], class_name="ui-tone-warn"), row["coverage"])
    return [
        head_cell(
            rx.el.div(
                internal_link(row["name"], href=row["href"], class_name="ui-row-link"),
                cell_note(row["code"]),
                note,
            )
        ),
        cell(row["kwh"], label=tr("Energy, kWh"), number=True),
        cell(row["base"], label=tr("Base cost"), number=True),
        cell(row["vat"], label=tr("VAT"), number=True),
        cell(row["total"], label=tr("Total"), number=True),
        cell(row["rate"], label=tr("Per kWh"), number=True),
        cell(covered, label=tr("Coverage"), number=True),
    ]


def _nobody() -> rx.Component:
    return empty_state(
        tr("No customer yet"),
        tr("Costs appear with the first readings of the first customer."),
        icon="receipt-text",
    )
