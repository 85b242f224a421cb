"""State of the panel that explains a figure of the own cost."""

from typing import ClassVar

import reflex as rx

from portal.client.cost.state import CostState
from portal.features.cost.explain_state import CostExplainer
from portal.features.cost.page_state import CostPage


class CostExplainState(CostExplainer, rx.State):
    """Explains the figures of the Cost page."""

    _page: ClassVar[type[CostPage]] = CostState
