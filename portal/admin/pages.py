"""The routes of the Admin mode."""

import reflex as rx

from portal.admin.customer_detail.page import customer_detail_page
from portal.admin.customer_detail.page import on_load as load_customer
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customers.page import customers_page
from portal.admin.customers.page import on_load as load_customers
from portal.admin.nav import admin_page
from portal.features.settings import pages as settings
from portal.features.settings.frame import Surface
from portal.web.brand.branding import ICON_PATH


def add_pages(app: rx.App) -> None:
    """Add this mode's routes to the app."""
    for route in ("/", "/customers"):
        app.add_page(customers_page, route=route, title="Customers", image=ICON_PATH, on_load=load_customers)
    app.add_page(
        customer_detail_page,
        route="/customers/[customer_id]",
        title=CustomerState.title,
        image=ICON_PATH,
        on_load=load_customer,
    )
    settings.add_pages(app, Surface(admin_page))
