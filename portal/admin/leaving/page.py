"""Where a customer leaves: everything is handed out, then deleted."""

import reflex as rx

from portal.admin.leaving.components import leaving_steps, left_customers
from portal.admin.leaving.state import LeavingState
from portal.admin.nav import CUSTOMERS, admin_page
from portal.core.languages import tr

ROUTE = "/customers/[customer_id]/leave"
on_load = [LeavingState.load, LeavingState.follow]


def leaving_page() -> rx.Component:
    """Route `/customers/[customer_id]/leave`."""
    return admin_page(
        LeavingState.title,
        leaving_steps(),
        left_customers(),
        section=CUSTOMERS,
        back=(tr("Customers"), CUSTOMERS),
    )
