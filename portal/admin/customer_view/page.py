"""What a customer sees, for operators: read-only, and on record."""

import reflex as rx

from portal.admin.customer_detail.components import not_found
from portal.admin.customer_detail.cost.state import CustomerCostState
from portal.admin.customer_detail.sites.state import CustomerSitesState
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.tariffs.state import CustomerTariffsState
from portal.admin.customer_view.components import banner, view_tabs
from portal.admin.customer_view.state import CustomerViewState
from portal.admin.nav import CUSTOMERS, admin_page

on_load = [
    CustomerViewState.load,
    CustomerState.load,
    CustomerSitesState.load,
    CustomerTariffsState.load,
    CustomerCostState.load,
]


def customer_view_page() -> rx.Component:
    """Route `/customers/[customer_id]/view`."""
    return admin_page(
        CustomerState.title,
        rx.cond(CustomerState.is_missing, not_found(), rx.fragment(banner(), view_tabs())),
        section=CUSTOMERS,
    )
