"""From nothing to the first reading received: a site, a meter, its token once, and what has been heard of its board."""

import reflex as rx

from portal.client.add_meter.components import wizard
from portal.client.add_meter.steps_state import AddMeterState
from portal.client.nav import SITES, client_page
from portal.core.languages import tr
from portal.ui.layout import internal_link

ROUTE = "/sites/add"
TITLE = tr("Add a meter")
ON_LOAD = [AddMeterState.load, AddMeterState.follow]


def add_meter_page() -> rx.Component:
    """Route `/sites/add`."""
    return client_page(
        TITLE,
        wizard(),
        section=SITES,
        actions=internal_link(tr("Finish later"), href=SITES, class_name="ui-button"),
        subtitle=rx.match(
            AddMeterState.step,
            ("meter", AddMeterState.site_name),
            ("board", AddMeterState.board.name),
            tr("Three steps, up to the first reading received"),
        ),
    )
