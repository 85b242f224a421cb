"""State of the Cost page: one site or all of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.cost.days import address, site_uuid
from portal.client.nav import DATA_QUALITY
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service import cost
from portal.core.cost.service.cost import AsItStood
from portal.core.cost.service.restatements import WindowRestated, restatements
from portal.core.sites.service import sites
from portal.core.stack import current
from portal.features.cost.days import LOCAL_DAYS
from portal.features.cost.page_state import CostPage, answer_to
from portal.ui.range_picker import DayRange, parse_days
from portal.web.events.beats import Beat


class CostState(CostPage, rx.State):
    """The cost of the days and the site in the address."""

    _own_grouping: ClassVar[str] = LOCAL_DAYS

    grouping: str = LOCAL_DAYS
    site: str = ""
    site_label: str = ""
    sites: list[tuple[str, str]] = []

    @rx.event
    @signed_in
    def choose_site(self, site: str):
        """Show one site, or all of them."""
        days = parse_days(self.first_day, self.last_day)
        return rx.redirect(address(days, self.grouping, site), replace=True) if days else None

    async def _read_choices(self, query: Mapping[str, str]) -> None:
        self.site = query.get("site", "")
        self.sites = [(str(site.id), site.name) for site in await sites.list_sites(current())]
        self.site_label = dict(self.sites).get(self.site, "All sites")

    async def _local_zone(self) -> str:
        return await cost.local_zone(current(), site_id=site_uuid(self.site))

    async def _cost(
        self, from_at: datetime, to_at: datetime, beat: Beat | None = None, stood: AsItStood | None = None
    ) -> CostReport:
        site = site_uuid(self.site)
        return await answer_to(beat, cost.client_cost, from_at, to_at, site, days=self.grouping, stood=stood)

    async def _restatements(self, from_at: datetime, to_at: datetime) -> WindowRestated | None:
        return await restatements(current(), from_at, to_at, site_id=site_uuid(self.site))

    def _quality_address(self, days: DayRange) -> str:
        return f"{DATA_QUALITY}?month={days.last:%Y-%m}" + (f"&site={self.site}" if self.site else "")

    def _address(self, days: DayRange, grouping: str) -> str:
        return address(days, grouping, self.site)

    def _export_choices(self) -> dict[str, str]:
        return {"site": self.site}
