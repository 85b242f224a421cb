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
from portal.admin.library import page as library
from portal.admin.library.edition_state import EditionState
from portal.admin.nav import admin_page
from portal.admin.operators import page as operators
from portal.core.languages import tr
from portal.core.words import noted
from portal.features import not_found
from portal.features.settings import pages as settings
from portal.features.settings.frame import Surface
from portal.web.brand.branding import ICON_PATH

_DASHBOARDS = (
    ("fleet-overview", noted("The fleet")),
    ("customer-drilldown", noted("Every quantity of one customer")),
)


def add_pages(app: rx.App) -> None:
    """Add this mode's routes to the app."""
    pages = (
        (dashboard_page, "/", tr("Dashboard"), load_dashboard),
        (customers_page, "/customers", tr("Customers"), load_customers),
        (customer_detail_page, "/customers/[customer_id]", CustomerState.title, load_customer),
        (customer_view_page, "/customers/[customer_id]/view", CustomerState.title, load_view),
        (leaving.leaving_page, leaving.ROUTE, LeavingState.title, leaving.on_load),
        (dashboards_page, "/dashboards", tr("Dashboards"), load_dashboards),
        (fleet_cost_page, "/cost", tr("Cost"), load_fleet_cost),
        (library.library_page, library.ROUTE, library.TITLE, library.on_load),
        (library.edition_page, library.EDITION_ROUTE, EditionState.title, library.on_load_edition),
        (quality.quality_page, quality.ROUTE, quality.TITLE, quality.ON_LOAD),
    )
    for page, route, title, on_load in pages:
        app.add_page(page, route=route, title=title, image=ICON_PATH, on_load=on_load)
    surface = Surface(admin_page, own_tabs=(operators.SCOPES,), dashboards=_DASHBOARDS)
    settings.add_pages(app, surface)
    app.add_page(
        operators.operators_page(surface),
        route=operators.SCOPES.href,
        title=operators.SCOPES.label,
        image=ICON_PATH,
        on_load=operators.ON_LOAD,
    )
    not_found.add_to(app, admin_page)
