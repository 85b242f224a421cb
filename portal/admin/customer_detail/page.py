"""One customer: its sites and devices, and what its energy cost."""

import reflex as rx

from portal.admin.customer_detail.components import not_found, subtitle, tabs
from portal.admin.customer_detail.cost.components import cost_panel
from portal.admin.customer_detail.cost.state import CustomerCostState
from portal.admin.customer_detail.quality.components import quality_panel
from portal.admin.customer_detail.quality.state import CustomerQualityState
from portal.admin.customer_detail.sites.components import sites_panel
from portal.admin.customer_detail.sites.state import CustomerSitesState
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.tariffs.components import tariffs_panel
from portal.admin.customer_detail.tariffs.state import CustomerTariffsState
from portal.admin.customer_detail.view import COST, QUALITY, SITES, TARIFFS
from portal.admin.nav import CUSTOMERS, admin_page
from portal.features.grafana.embed import embedded
from portal.features.grafana.state import GrafanaState

on_load = [
    CustomerState.load,
    CustomerSitesState.load,
    CustomerTariffsState.load,
    CustomerCostState.load,
    CustomerQualityState.load,
    GrafanaState.load,
]


def customer_detail_page() -> rx.Component:
    """Route `/customers/[customer_id]`."""
    return admin_page(
        CustomerState.title,
        rx.cond(
            CustomerState.is_missing,
            not_found(),
            rx.fragment(
                tabs(
                    {
                        SITES: sites_panel(),
                        TARIFFS: tariffs_panel(),
                        COST: cost_panel(),
                        QUALITY: quality_panel(),
                    }
                ),
                embedded(
                    f"customer-drilldown?var-customer={CustomerState.customer_id}",
                    "Every quantity of this customer, in Grafana",
                ),
            ),
        ),
        section=CUSTOMERS,
        subtitle=subtitle(),
        back=("Customers", CUSTOMERS),
    )
