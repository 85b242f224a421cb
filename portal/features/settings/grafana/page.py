"""The dashboards of Grafana, for admins; or how to have some."""

import reflex as rx

from portal.core.languages import tr
from portal.features.grafana.embed import embedded
from portal.features.grafana.state import GrafanaState
from portal.features.settings.frame import GRAFANA, Surface
from portal.ui.cards import card
from portal.ui.feedback import empty_state


def grafana_page(surface: Surface) -> rx.Component:
    """Route `/settings/grafana`."""
    shown = [
        embedded(uid, tr(words), is_open=index == 0) for index, (uid, words) in enumerate(surface.dashboards)
    ]
    return surface.page(GRAFANA, rx.cond(GrafanaState.path != "", rx.fragment(*shown), card(_none())))


def _none() -> rx.Component:
    return empty_state(
        tr("No Grafana beside this stack"),
        tr(
            "The compose file brings one along. Where it runs, Grafana__Url names its path on this "
            "address, such as /grafana, and this page shows its dashboards after the next start."
        ),
        icon="chart-area",
    )
