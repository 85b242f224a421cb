"""State of the tab with the cost."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import reflex as rx

from portal.admin.customer_detail.cost.days import address
from portal.admin.customer_detail.view import COST, QUALITY, known_tab
from portal.admin.identifiers import CustomerAddress, customer_path, customer_uuid
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service import cost
from portal.core.cost.service.cost import AsItStood
from portal.core.cost.service.restatements import WindowRestated, restatements
from portal.core.stack import current
from portal.features.cost.days import LOCAL_DAYS
from portal.features.cost.page_state import CostPage, answer_to
from portal.ui.range_picker import DayRange
from portal.web.events.beats import Beat


class CustomerCostState(CustomerAddress, CostPage, rx.State):
    """The cost of a customer's energy, read while its tab is the open one."""

    _own_grouping: ClassVar[str] = LOCAL_DAYS

    grouping: str = LOCAL_DAYS

    def _is_shown(self, query: Mapping[str, str]) -> bool:
        if known_tab(query.get("tab", "")) != COST:
            return False
        self._start_over()
        return True

    async def _local_zone(self) -> str:
        return await cost.local_zone(current(), customer_uuid(self.customer_id))

    async def _cost(
        self, from_at: datetime, to_at: datetime, beat: Beat | None = None, stood: AsItStood | None = None
    ) -> CostReport:
        customer_id = customer_uuid(self.customer_id)
        return await answer_to(
            beat, cost.fleet_cost, customer_id, from_at, to_at, days=self.grouping, stood=stood
        )

    async def _restatements(self, from_at: datetime, to_at: datetime) -> WindowRestated | None:
        return await restatements(current(), from_at, to_at, customer_uuid(self.customer_id))

    def _quality_address(self, days: DayRange) -> str:
        return f"/customers/{self.customer_id}?tab={QUALITY}&month={days.last:%Y-%m}"

    def _address(self, days: DayRange, grouping: str) -> str:
        return address(customer_path(self), days, grouping)
