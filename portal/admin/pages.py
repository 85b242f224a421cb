"""The routes of the Admin mode."""

import reflex as rx

from portal.admin.customer_detail.page import customer_detail_page
from portal.admin.customer_detail.page import on_load as load_customer
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_view.page import customer_view_page
from portal.admin.customer_view.page import on_load as load_view
from portal.admin.customers.page import customers_page
from portal.admin.customers.page import on_load as load_customers
from portal.admin.dashboard.page import dashboard_page
from portal.admin.dashboard.page import on_load as load_dashboard
from portal.admin.dashboards.page import dashboards_page
from portal.admin.dashboards.page import on_load as load_dashboards
from portal.admin.data_quality import page as quality
from portal.admin.fleet_cost.page import fleet_cost_page
from portal.admin.fleet_cost.page import on_load as load_fleet_cost
from portal.admin.leaving import page as leaving
from portal.admin.leaving.state import LeavingState
from portal.admin.nav import admin_page
from portal.features import not_found
from portal.features.settings import pages as settings
from portal.features.settings.frame import Surface
from portal.web.brand.branding import ICON_PATH

_DASHBOARDS = (
    ("fleet-overview", "The fleet"),
    ("customer-drilldown", "Every quantity of one customer"),
)


def add_pages(app: rx.App) -> None:
    """Add this mode's routes to the app."""
    app.add_page(dashboard_page, route="/", title="Dashboard", image=ICON_PATH, on_load=load_dashboard)
    app.add_page(
        customers_page, route="/customers", title="Customers", image=ICON_PATH, on_load=load_customers
    )
    app.add_page(
        customer_detail_page,
        route="/customers/[customer_id]",
        title=CustomerState.title,
        image=ICON_PATH,
        on_load=load_customer,
    )
    app.add_page(
        customer_view_page,
        route="/customers/[customer_id]/view",
        title=CustomerState.title,
        image=ICON_PATH,
        on_load=load_view,
    )
    app.add_page(
        dashboards_page, route="/dashboards", title="Dashboards", image=ICON_PATH, on_load=load_dashboards
    )
    app.add_page(fleet_cost_page, route="/cost", title="Cost", image=ICON_PATH, on_load=load_fleet_cost)
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
    settings.add_pages(app, Surface(admin_page, dashboards=_DASHBOARDS))
    not_found.add_to(app, admin_page)
