"""The list of customers: who is alive, how much energy, and their tokens."""

import reflex as rx

from portal.admin.customer_dialogs.after_change import LIST, reads_again
from portal.admin.customer_dialogs.dialogs import dialogs
from portal.admin.customers.components import customer_list, register_button
from portal.admin.customers.state import CustomersState
from portal.admin.nav import CUSTOMERS, admin_page
from portal.core.languages import tr
from portal.features.grafana.embed import embedded
from portal.features.grafana.state import GrafanaState

reads_again(LIST, [CustomersState.load])
on_load = [CustomersState.load, CustomersState.follow, GrafanaState.load]


def customers_page() -> rx.Component:
    """Route `/customers`."""
    return admin_page(
        tr("Customers"),
        customer_list(),
        embedded("fleet-overview", tr("The fleet, in Grafana")),
        dialogs(),
        section=CUSTOMERS,
        subtitle=CustomersState.summary,
        actions=rx.cond(CustomersState.has_customers, register_button(), rx.fragment()),
    )
