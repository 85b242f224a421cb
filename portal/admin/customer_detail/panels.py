"""The tabs of a customer's page and what is in them."""

import reflex as rx

from portal.admin.customer_detail.components import enable_button, rotate_button
from portal.admin.customer_detail.cost.components import cost_panel
from portal.admin.customer_detail.events.components import events_panel
from portal.admin.customer_detail.quality.components import quality_panel
from portal.admin.customer_detail.sites.components import sites_panel
from portal.admin.customer_detail.state import CustomerState
from portal.admin.customer_detail.tariffs.components import tariffs_panel
from portal.admin.customer_detail.tariffs.state import CustomerTariffsState
from portal.admin.customer_detail.view import COST, EVENTS, GRAFANA, QUALITY, SITES, TABS, TARIFFS
from portal.core.languages import tr
from portal.features.grafana.embed import embedded
from portal.features.grafana.state import GrafanaState
from portal.ui.tabs import tab_bar, tab_panel
from portal.ui.vars import Text


def tabs() -> rx.Component:
    """The tab bar, and the panel of the tab that is open; the one of Grafana where a stack has it."""
    return rx.fragment(
        tab_bar(
            [(key, words_of(key, tr(words))) for key, words in TABS],
            active=CustomerState.tab,
            on_open=CustomerState.open_tab,
            label=tr("Customer"),
            shown={GRAFANA: GrafanaState.path != ""},
        ),
        rx.match(
            CustomerState.tab,
            *data_panels(),
            (EVENTS, tab_panel(events_panel(rotate_button(), enable_button()), key=EVENTS)),
            (QUALITY, tab_panel(quality_panel(), key=QUALITY)),
            (GRAFANA, tab_panel(_grafana(), key=GRAFANA)),
            rx.fragment(),
        ),
    )


def data_panels() -> list[tuple[str, rx.Component]]:
    """The panels of the tabs with a customer's own data."""
    panels = {SITES: sites_panel(), TARIFFS: tariffs_panel(), COST: cost_panel()}
    return [(key, tab_panel(panel, key=key)) for key, panel in panels.items()]


def words_of(key: str, words: str) -> Text:
    """What a tab is called: that of the tariffs says how many there are."""
    return CustomerTariffsState.tab_label if key == TARIFFS else words


def _grafana() -> rx.Component:
    return embedded(
        f"customer-drilldown?var-customer={CustomerState.customer_id}",
        tr("Every quantity of this customer, in Grafana"),
    )
