"""The routes of the Admin mode."""

import reflex as rx

from portal.admin.customer_detail.page import customer_detail_page
from portal.admin.customer_detail.page import on_load as load_customer
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customers.page import customers_page
from portal.admin.customers.page import on_load as load_customers
from portal.admin.data_quality import page as quality
from portal.admin.leaving import page as leaving
from portal.admin.leaving.state import LeavingState
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
    app.add_page(
        quality.quality_page,
        route=quality.ROUTE,
        title=quality.TITLE,
        image=ICON_PATH,
        on_load=quality.ON_LOAD,
    )
    app.add_page(
        leaving.leaving_page,
        route=leaving.ROUTE,
        title=LeavingState.title,
        image=ICON_PATH,
        on_load=leaving.on_load,
    )
    settings.add_pages(app, Surface(admin_page))
