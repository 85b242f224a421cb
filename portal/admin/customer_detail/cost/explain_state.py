"""State of the panel that explains a figure of a customer's cost."""

from typing import ClassVar
from uuid import UUID

import reflex as rx

from portal.admin.customer_detail.cost.state import CustomerCostState
from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.features.cost.explain_state import CostExplainer
from portal.features.cost.page_state import CostPage


class CustomerExplainState(CustomerAddress, CostExplainer, rx.State):
    """Explains the figures of the tab with the cost."""

    _page: ClassVar[type[CostPage]] = CustomerCostState

    def _customer(self) -> UUID | None:
        return customer_uuid(self.customer_id)
