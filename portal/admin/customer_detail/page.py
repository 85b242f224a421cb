"""One customer: its sites, tariffs and cost, and what its stack pushed."""

import reflex as rx

from portal.admin.customer_detail.components import actions, not_found, subtitle
from portal.admin.customer_detail.cost.explain_state import CustomerExplainState
from portal.admin.customer_detail.cost.state import CustomerCostState
from portal.admin.customer_detail.events.state import CustomerEventsState
from portal.admin.customer_detail.panels import tabs
from portal.admin.customer_detail.quality.state import CustomerQualityState
from portal.admin.customer_detail.sites.state import CustomerSitesState
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.tariffs.state import CustomerTariffsState
from portal.admin.customer_dialogs.after_change import CUSTOMER, reads_again
from portal.admin.customer_dialogs.dialogs import dialogs
from portal.admin.nav import CUSTOMERS, admin_page
from portal.core.languages import tr
from portal.features.cost.explain_parts import explain_panel
from portal.features.grafana.state import GrafanaState

reads_again(CUSTOMER, [CustomerState.load, CustomerEventsState.load])
on_load = [
    CustomerState.load,
    CustomerSitesState.load,
    CustomerTariffsState.load,
    CustomerCostState.load,
    CustomerEventsState.load,
    CustomerQualityState.load,
    CustomerExplainState.load,
    GrafanaState.load,
]


def customer_detail_page() -> rx.Component:
    """Route `/customers/[customer_id]`."""
    return admin_page(
        CustomerState.title,
        rx.cond(CustomerState.is_missing, not_found(), rx.fragment(tabs(), dialogs())),
        section=CUSTOMERS,
        subtitle=subtitle(),
        actions=rx.cond(CustomerState.is_missing, rx.fragment(), actions()),
        back=(tr("Customers"), CUSTOMERS),
        aside=explain_panel(CustomerExplainState),
    )
