"""Settings, who of the operator's people sees which customers."""

import reflex as rx

from portal.admin.operators.components import operator_list
from portal.admin.operators.state import OperatorsState
from portal.core.languages import tr
from portal.features.settings.frame import SETTINGS, Surface, Tab

SCOPES = Tab(tr("Who sees whom"), f"{SETTINGS}/scopes")
ON_LOAD = OperatorsState.load


def operators_page(surface: Surface) -> rx.Component:
    """Route `/settings/scopes`."""
    return surface.page(SCOPES, operator_list())
