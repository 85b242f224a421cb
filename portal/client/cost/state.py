"""State of the Cost page."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.cost.days import address, site_uuid
from portal.core.services import cost, sites
from portal.core.stack import current
from portal.ui import formats
from portal.ui.cost import view
from portal.ui.cost.days import (
    LOCAL_DAYS,
    days_asked_for,
    grouping_asked_for,
    instants_of,
    query_of,
)
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_key, quick_range


class CostState(rx.State):
    """The cost of the days in the address."""

    report: view.CostView = view.CostView()
    first_day: str = ""
    last_day: str = ""
    today: str = ""
    quick: str = DEFAULT_RANGE
    range_label: str = "Choose days"
    grouping: str = LOCAL_DAYS
    days_note: str = ""
    export_query: str = ""
    measure: str = "cost"
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""
    site: str = ""
    sites: list[tuple[str, str]] = []
    zone: str = "UTC"

    @rx.event
    @signed_in
    async def load(self):
        """Read the cost of the days and the site in the address."""
        query = self.router.url.query_parameters
        # After a failure there is nothing to keep on the page while it is tried again.
        self.is_loading, self.is_busy = self.is_loading or self.failure != "", True
        with failure_in_words(self):
            stack = current()
            self.grouping, self.site = grouping_asked_for(query, LOCAL_DAYS), query.get("site", "")
            zone = await cost.local_zone(stack) if self.grouping == LOCAL_DAYS else "UTC"
            days = self._show_days(query, zone)
            yield
            self.sites = [(str(site.id), site.name) for site in await sites.list_sites(stack)]
            site_id = site_uuid(self.site)
            report = await cost.client_cost(stack, *instants_of(days, zone), site_id, days=self.grouping)
            self.report = view.build_cost(report)
        self.is_loading = self.is_busy = False

    @rx.event
    @signed_in
    def choose_quick(self, key: str):
        """Go to a quick range."""
        days = quick_range(key, current().clock().astimezone(ZoneInfo(self.zone)).date())
        return rx.redirect(address(days, self.grouping, self.site), replace=True) if days else None

    @rx.event
    @signed_in
    def choose_days(self, first: str, last: str):
        """Go to these days, both included."""
        days = parse_days(first, last)
        return rx.redirect(address(days, self.grouping, self.site), replace=True) if days else None

    @rx.event
    @signed_in
    def group_by(self, grouping: str):
        """Group by UTC or by local days."""
        days = parse_days(self.first_day, self.last_day)
        chosen = grouping_asked_for({"days": grouping}, LOCAL_DAYS)
        return rx.redirect(address(days, chosen, self.site), replace=True) if days else None

    @rx.event
    @signed_in
    def choose_site(self, site: str):
        """Show one site, or all of them."""
        days = parse_days(self.first_day, self.last_day)
        return rx.redirect(address(days, self.grouping, site), replace=True) if days else None

    @rx.event
    @signed_in
    def show_measure(self, measure: str):
        """Chart the cost or the energy."""
        self.measure = "energy" if measure == "energy" else "cost"

    def _show_days(self, query: Mapping[str, str], zone: str) -> DayRange:
        today = current().clock().astimezone(ZoneInfo(zone)).date()
        days = days_asked_for(query, today)
        self.first_day, self.last_day, self.today = (
            days.first.isoformat(),
            days.last.isoformat(),
            today.isoformat(),
        )
        self.quick, self.range_label = quick_key(days, today), formats.day_range(days.first, days.last)
        self.export_query = query_of(days, self.grouping, site=self.site)
        self.days_note = f"Days run from 00:00 to 24:00, {zone} time"
        self.zone = zone
        return days
