"""The pages of the Client mode."""

import reflex as rx

from portal.client.add_meter import page as add_meter
from portal.client.alerts import page as alerts
from portal.client.cost import page as cost
from portal.client.dashboard import page as dashboard
from portal.client.dashboards import page as dashboards
from portal.client.data_quality import page as quality
from portal.client.import_file import page as import_file
from portal.client.nav import client_page
from portal.client.rates import page as rates
from portal.client.sites import page as sites
from portal.features.settings import pages as settings
from portal.features.settings.frame import Surface
from portal.web.brand.branding import ICON_PATH


def add_pages(app: rx.App) -> None:
    """Add every page of this mode to the app."""
    app.add_page(
        dashboard.dashboard_page,
        route=dashboard.ROUTE,
        title=dashboard.TITLE,
        image=ICON_PATH,
        on_load=list(dashboard.ON_LOAD),
    )
    app.add_page(
        dashboards.dashboards_page,
        route=dashboards.ROUTE,
        title=dashboards.TITLE,
        image=ICON_PATH,
        on_load=dashboards.ON_LOAD,
    )
    app.add_page(cost.cost_page, route=cost.ROUTE, title=cost.TITLE, image=ICON_PATH, on_load=cost.ON_LOAD)
    for page, module in ((quality.quality_page, quality), (alerts.alerts_page, alerts)):
        app.add_page(page, route=module.ROUTE, title=module.TITLE, image=ICON_PATH, on_load=module.ON_LOAD)
    app.add_page(
        sites.sites_page, route=sites.ROUTE, title=sites.TITLE, image=ICON_PATH, on_load=sites.ON_LOAD
    )
    for page, module in ((add_meter.add_meter_page, add_meter), (import_file.import_page, import_file)):
        app.add_page(page, route=module.ROUTE, title=module.TITLE, image=ICON_PATH, on_load=module.ON_LOAD)
    surface = Surface(client_page, own_tabs=(rates.RATES,))
    settings.add_pages(app, surface)
    app.add_page(
        rates.rates_page(surface),
        route=rates.RATES.href,
        title=rates.RATES.label,
        image=ICON_PATH,
        on_load=rates.ON_LOAD,
    )
