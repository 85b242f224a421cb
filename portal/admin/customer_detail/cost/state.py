"""State of the tab with the cost."""

from collections.abc import Mapping

import reflex as rx

from portal.admin.customer_detail.cost.days import address
from portal.admin.customer_detail.view import COST, known_tab
from portal.admin.identifiers import customer_uuid
from portal.auth.guards import signed_in
from portal.core.services import cost
from portal.core.stack import current
from portal.ui import formats
from portal.ui.cost import view
from portal.ui.cost.days import (
    LOCAL_DAYS,
    UTC_DAYS,
    days_asked_for,
    grouping_asked_for,
    instants_of,
    query_of,
)
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_key, quick_range


class CustomerCostState(rx.State):
    """The cost of the days in the address."""

    report: view.CostView = view.CostView()
    first_day: str = ""
    last_day: str = ""
    today: str = ""
    quick: str = DEFAULT_RANGE
    range_label: str = "Choose days"
    grouping: str = UTC_DAYS
    days_note: str = ""
    export_query: str = ""
    measure: str = "cost"
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""
    _shown_id: str = ""
    zone: str = "UTC"

    @rx.event
    @signed_in
    async def load(self):
        """Read the cost of the days in the address, when this tab is the open one."""
        query = self.router.url.query_parameters
        if known_tab(query.get("tab", "")) != COST:
            return
        if self._shown_id != self.customer_id:
            self.reset()
            self._shown_id = self.customer_id
        # After a failure there is nothing to keep on the page while it is tried again.
        self.is_loading, self.is_busy = self.is_loading or self.failure != "", True
        with failure_in_words(self):
            customer_id = customer_uuid(self.customer_id)
            self.grouping = grouping_asked_for(query)
            zone = await cost.local_zone(current(), customer_id) if self.grouping == LOCAL_DAYS else "UTC"
            days = self._show_days(query, zone)
            yield
            report = await cost.fleet_cost(
                current(), customer_id, *instants_of(days, zone), days=self.grouping
            )
            self.report = view.build_cost(report)
        self.is_loading = self.is_busy = False

    @rx.event
    @signed_in
    def choose_quick(self, key: str):
        """Go to a quick range."""
        days = quick_range(key, current().clock().date())
        return rx.redirect(address(self.customer_id, days, self.grouping), replace=True) if days else None

    @rx.event
    @signed_in
    def choose_days(self, first: str, last: str):
        """Go to these days, both included."""
        days = parse_days(first, last)
        return rx.redirect(address(self.customer_id, days, self.grouping), replace=True) if days else None

    @rx.event
    @signed_in
    def group_by(self, grouping: str):
        """Group by UTC or by local days."""
        days = parse_days(self.first_day, self.last_day)
        chosen = grouping_asked_for({"days": grouping})
        return rx.redirect(address(self.customer_id, days, chosen), replace=True) if days else None

    @rx.event
    @signed_in
    def show_measure(self, measure: str):
        """Chart the cost or the energy."""
        self.measure = "energy" if measure == "energy" else "cost"

    def _show_days(self, query: Mapping[str, str], zone: str) -> DayRange:
        today = current().clock().date()
        days = days_asked_for(query, today)
        self.first_day, self.last_day, self.today = (
            days.first.isoformat(),
            days.last.isoformat(),
            today.isoformat(),
        )
        self.quick, self.range_label = quick_key(days, today), formats.day_range(days.first, days.last)
        self.export_query = query_of(days, self.grouping)
        self.days_note = f"Days run from 00:00 to 24:00, {zone} time"
        self.zone = zone
        return days
