"""What the tab with the sites and devices is made of."""

import reflex as rx

from portal.admin.customer_detail.sites.state import CustomerSitesState as State
from portal.admin.customer_detail.sites.view import DeviceFigures, SiteCard
from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import badge, cell_warning, empty_state, error_panel, skeleton_lines
from portal.ui.tables import Column, cell, cell_note, data_table, head_cell
from portal.ui.vars import is_some, sentence

_COLUMNS = (
    Column(tr("Device")),
    Column(tr("Status")),
    Column(tr("Last reading")),
    Column(tr("Today, kWh"), is_number=True, hint=tr("Since 00:00 where the site is")),
)


def sites_panel() -> rx.Component:
    """One card per site, or why there is none."""
    return rx.cond(
        State.is_loading,
        card(skeleton_lines(4)),
        rx.cond(
            State.failure != "",
            card(error_panel(State.failure, on_retry=State.load)),
            rx.cond(
                is_some(State.sites),
                rx.fragment(rx.foreach(State.sites, _site), rx.el.span(State.as_of, class_name="ui-hint")),
                card(_no_sites()),
            ),
        ),
    )


def _site(site: SiteCard) -> rx.Component:
    return card(
        rx.el.p(site["location"], class_name="ui-card-line"),
        rx.cond(
            is_some(site["devices"]),
            _devices(site),
            rx.el.p(tr("No devices at this site yet."), class_name="ui-card-line"),
        ),
        title=site["name"],
        note=rx.el.span(
            rx.cond(site["is_active"], rx.fragment(), badge(tr("Inactive"), "neutral")),
            site["device_count"],
            class_name="ui-row",
        ),
        flush=True,
    )


def _devices(site: SiteCard) -> rx.Component:
    caption = sentence("Devices of {name}", name=site["name"])
    return data_table(_COLUMNS, site["devices"], _device, caption=caption, stacked=True, even=True)


def _device(device: DeviceFigures) -> list[rx.Component]:
    status = rx.cond(device["is_active"], badge(tr("Active"), "ok"), badge(tr("Inactive"), "neutral"))
    return [
        head_cell(rx.el.div(device["name"], cell_note(device["external_id"]))),
        cell(
            rx.el.div(
                status, rx.cond(device["clock_note"] != "", cell_warning(device["clock_note"]), rx.fragment())
            ),
            label=tr("Status"),
        ),
        cell(rx.el.span(device["last_reading"], title=device["last_reading_utc"]), label=tr("Last reading")),
        cell(device["today_kwh"], label=tr("Today, kWh"), number=True),
    ]


def _no_sites() -> rx.Component:
    return empty_state(
        tr("No sites yet"),
        tr(
            "Sites and devices appear here with the first push of the customer's stack. Until "
            "then: check that it has FleetIngest__Enabled=true, this portal's address and the "
            "token."
        ),
        icon="map-pin-off",
    )
