"""State of the tab with the quality of a customer's data: what its stack decided, and what waits there."""

from collections.abc import Mapping
from uuid import UUID

import reflex as rx

from portal.admin.customer_detail.view import QUALITY, known_tab
from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.features.data_quality.page_state import QualityPage


class CustomerQualityState(CustomerAddress, QualityPage, rx.State):
    """The events, decisions and readings of a customer's meters, read while the tab is the open one."""

    def _is_shown(self, query: Mapping[str, str]) -> bool:
        if known_tab(query.get("tab", "")) != QUALITY:
            return False
        self._start_over()
        return True

    def _customer(self) -> UUID | None:
        return customer_uuid(self.customer_id)

    def _address(self, query: str) -> str:
        return f"/customers/{self.customer_id}?tab={QUALITY}" + (f"&{query}" if query else "")
