"""The parts of the dashboard."""

import reflex as rx

from portal.client.dashboard.outlook_state import OutlookState
from portal.client.dashboard.state import DashboardState
from portal.client.dashboard.view import SiteFigures
from portal.client.nav import ADD_METER
from portal.core.languages import tr
from portal.features.data_quality.seal import seal
from portal.ui.cards import card
from portal.ui.feedback import badge_for, callout, cell_warning, empty_state, skeleton, skeleton_lines
from portal.ui.figures import figure, figure_row
from portal.ui.layout import internal_link
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.web.events.identity import IdentityState

_SITE_COLUMNS = (
    Column(tr("Site")),
    Column(tr("Status")),
    Column(tr("Power now"), is_number=True),
    Column(tr("Today"), is_number=True),
    Column(tr("Last reading"), is_number=True),
)


def figures() -> rx.Component:
    """Power, energy and cost at a glance."""
    shown, loading = DashboardState.figures, DashboardState.is_loading
    outlook, waiting = OutlookState.outlook, OutlookState.is_waiting
    row = figure_row(
        figure(
            tr("Power now"),
            shown.power,
            "kW",
            shown.power_note,
            loading=loading,
            accent=True,
            title=shown.power_utc,
        ),
        figure(tr("Today so far"), shown.today, "kWh", outlook.today_note, loading=loading),
        figure(outlook.peak_label, outlook.peak, "kW", outlook.peak_note, loading=waiting),
        figure(outlook.month_label, outlook.month_so_far, "", outlook.month_note, loading=waiting),
    )
    return rx.fragment(row, rx.el.span(shown.as_of, class_name="ui-hint ui-as-of"))


def seals() -> rx.Component:
    """Whether all stored energy balances with the registers, whether the last backup comes back, and since when."""
    shown = rx.fragment(seal(DashboardState.seal), seal(DashboardState.restore_seal))
    return rx.fragment(rx.cond(DashboardState.is_loading, skeleton("200px", "20px"), shown))


def site_list() -> rx.Component:
    """Every site with what it draws now."""
    table = data_table(_SITE_COLUMNS, DashboardState.sites, _site_cells, caption=tr("Sites"), stacked=True)
    return card(rx.cond(DashboardState.is_loading, skeleton_lines(2), table), title=tr("Sites"), flush=True)


def notes() -> rx.Component:
    """What has to be known before the figures are believed."""
    return rx.fragment(
        rx.cond(DashboardState.failure, callout(DashboardState.failure, tone="fail"), rx.fragment()),
        rx.cond(
            DashboardState.waiting_note, callout(DashboardState.waiting_note, tone="note"), rx.fragment()
        ),
    )


def first_steps() -> rx.Component:
    """What to do while there is no meter: an admin goes on from here, others are told who does."""
    lead = internal_link(
        rx.icon("plus", size=16),
        tr("Add the first meter"),
        href=ADD_METER,
        class_name="ui-button ui-button--primary",
    )
    return card(
        empty_state(
            tr("No meter yet"),
            rx.cond(
                IdentityState.is_admin,
                tr(
                    "Three steps lead to the first reading: the site, the meter, and the token that its "
                    "board posts with. The first reading appears here by itself."
                ),
                tr("An admin of this portal adds the first one. Its readings appear here by themselves."),
            ),
            icon="plug-zap",
            action=rx.fragment(rx.cond(IdentityState.is_admin, lead, rx.fragment())),
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
            label=tr("Status"),
        ),
        cell(site.power, label=tr("Power now"), number=True),
        cell(site.today, label=tr("Today"), number=True),
        cell(site.last_reading, label=tr("Last reading"), number=True, title=site.last_reading_utc),
    ]
