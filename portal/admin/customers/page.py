"""The list of customers: who is alive, how much energy, and their tokens."""

import reflex as rx

from portal.admin.customers.components import customer_list, register_button
from portal.admin.customers.dialogs import dialogs
from portal.admin.customers.state import CustomersState
from portal.admin.nav import CUSTOMERS, admin_page

on_load = [CustomersState.load, CustomersState.follow]


def customers_page() -> rx.Component:
    """Route `/customers`."""
    return admin_page(
        "Customers",
        customer_list(),
        dialogs(),
        section=CUSTOMERS,
        subtitle=CustomersState.summary,
        actions=rx.cond(CustomersState.has_customers, register_button(), rx.fragment()),
    )
