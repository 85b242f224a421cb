"""The pages of the Client mode."""

from typing import Any

import reflex as rx

from portal.client.add_meter import page as add_meter
from portal.client.alerts import page as alerts
from portal.client.boards import page as boards
from portal.client.cost import page as cost
from portal.client.dashboard import page as dashboard
from portal.client.dashboards import page as dashboards
from portal.client.data_quality import page as quality
from portal.client.import_file import page as import_file
from portal.client.nav import client_page
from portal.client.offers import page as offers
from portal.client.rates import page as rates
from portal.client.sites import page as sites
from portal.core.words import noted
from portal.features import not_found
from portal.features.settings import pages as settings
from portal.features.settings.frame import Surface
from portal.web.brand.branding import ICON_PATH

_DASHBOARDS = (("power-overview", noted("Every quantity of every meter")),)


def add_pages(app: rx.App) -> None:
    """Add every page of this mode to the app."""
    pages = (
        (dashboard.dashboard_page, dashboard),
        (dashboards.dashboards_page, dashboards),
        (cost.cost_page, cost),
        (quality.quality_page, quality),
        (alerts.alerts_page, alerts),
        (sites.sites_page, sites),
        (add_meter.add_meter_page, add_meter),
        (import_file.import_page, import_file),
        (boards.boards_page, boards),
    )
    for page, module in pages:
        app.add_page(
            page, route=module.ROUTE, title=module.TITLE, image=ICON_PATH, on_load=_handlers(module.ON_LOAD)
        )
    surface = Surface(client_page, own_tabs=(rates.RATES,), dashboards=_DASHBOARDS)
    not_found.add_to(app, client_page)
    settings.add_pages(app, surface)
    app.add_page(
        rates.rates_page(surface),
        route=rates.RATES.href,
        title=rates.RATES.label,
        image=ICON_PATH,
        on_load=rates.ON_LOAD,
    )
    app.add_page(
        offers.offers_page(surface),
        route=offers.ROUTE,
        title=offers.TITLE,
        image=ICON_PATH,
        on_load=offers.ON_LOAD,
    )


def _handlers(on_load: Any) -> Any:
    """One handler, or a list of them: what Reflex takes."""
    return list(on_load) if isinstance(on_load, tuple) else on_load
