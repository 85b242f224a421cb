"""The parts of the dashboard."""

import reflex as rx

from portal.client.dashboard.outlook_state import OutlookState
from portal.client.dashboard.state import DashboardState
from portal.client.dashboard.view import SiteFigures
from portal.features.data_quality.seal import seal
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, cell_warning, empty_state, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell

_SITE_COLUMNS = (
    Column("Site"),
    Column("Status"),
    Column("Power now", is_number=True),
    Column("Today", is_number=True),
    Column("Last reading", is_number=True),
)
_FIRST_METER = (
    'portal site add "Head office"',
    'portal device add "Main meter" --site "Head office" --external-id MAIN-1',
)

_COMMANDS_STYLE = {
    "box_sizing": "border-box",
    "max_width": "100%",
    "margin": "4px 0 0",
    "padding": "12px 16px",
    "overflow_x": "auto",
    "border_radius": "var(--ui-radius-small)",
    "background": "var(--ui-sunken)",
    "text_align": "left",
}


def figures() -> rx.Component:
    """Power, energy and cost at a glance."""
    shown, loading = DashboardState.figures, DashboardState.is_loading
    outlook, waiting = OutlookState.outlook, OutlookState.is_waiting
    row = figure_row(
        figure(
            "Power now",
            shown.power,
            "kW",
            shown.power_note,
            loading=loading,
            accent=True,
            title=shown.power_utc,
        ),
        figure("Today so far", shown.today, "kWh", outlook.today_note, loading=loading),
        figure(outlook.peak_label, outlook.peak, "kW", outlook.peak_note, loading=waiting),
        figure(outlook.month_label, outlook.month_so_far, "", outlook.month_note, loading=waiting),
    )
    return rx.fragment(row, rx.el.span(shown.as_of, class_name="ui-hint"))


def energy_seal() -> rx.Component:
    """Whether all stored energy balances with the registers, and when that was checked."""
    return seal(DashboardState.seal)


def site_list() -> rx.Component:
    """Every site with what it draws now."""
    table = data_table(_SITE_COLUMNS, DashboardState.sites, _site_cells, caption="Sites", stacked=True)
    return card(rx.cond(DashboardState.is_loading, skeleton_lines(2), table), title="Sites", flush=True)


def notes() -> rx.Component:
    """What has to be known before the figures are believed."""
    return rx.fragment(
        rx.cond(DashboardState.failure, callout(DashboardState.failure, tone="fail"), rx.fragment()),
        rx.cond(
            DashboardState.waiting_note, callout(DashboardState.waiting_note, tone="note"), rx.fragment()
        ),
    )


def first_steps() -> rx.Component:
    """What to do while there is no meter."""
    commands = rx.el.pre(
        rx.el.code("\n".join(_FIRST_METER)),
        tab_index=0,
        role="region",
        aria_label="Commands",
        class_name="ui-mono",
        style=_COMMANDS_STYLE,
    )
    return card(
        empty_state(
            "No meter yet",
            "Add a site and its meter where this portal is installed. The second command prints the token the meter "
            "signs its readings with; the first reading appears here by itself.",
            icon="plug-zap",
            action=commands,
        )
    )


def _site_cells(site: SiteFigures) -> list[rx.Component]:
    return [
        head_cell(rx.el.span(site.name, cell_note(site.details))),
        cell(
            rx.el.div(
                badge_for(site.status, site.tone),
                rx.cond(site.clock_note != "", cell_warning(site.clock_note), rx.fragment()),
            ),
            label="Status",
        ),
        cell(site.power, label="Power now", number=True),
        cell(site.today, label="Today", number=True),
        cell(site.last_reading, label="Last reading", number=True, title=site.last_reading_utc),
    ]
