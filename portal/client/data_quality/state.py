"""State of the Data quality page."""

import reflex as rx

from portal.client.nav import DATA_QUALITY
from portal.core.sites.service import sites
from portal.core.stack import current
from portal.features.data_quality.deciding_state import DecidingPage


class QualityState(DecidingPage, rx.State):
    """The events, decisions and readings of the own meters."""

    sites: list[tuple[str, str]] = []

    async def _read_choices(self) -> None:
        self.sites = [(str(site.id), site.name) for site in await sites.list_sites(current())]

    def _address(self, query: str) -> str:
        return f"{DATA_QUALITY}?{query}" if query else DATA_QUALITY
