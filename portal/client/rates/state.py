"""State of Settings, Rates: the municipalities and the tariffs there are."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.services import rates, sites, tariffs
from portal.core.stack import current
from portal.ui.failures import failure_in_words
from portal.ui.rates.view import TariffCard, build_cards, uncovered_in_words


class RatesState(rx.State):
    """What the page lists."""

    cards: list[TariffCard] = []
    places: list[dict[str, str]] = []
    warnings: list[str] = []
    presets: list[tuple[str, str]] = []
    is_loading: bool = True
    is_adding: bool = False
    copied: str = ""
    percent: str = "0"
    failure: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read municipalities and tariffs."""
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @admin_only
    def open_municipality(self, is_open: bool):
        """Open or close the form for a municipality."""
        self.is_adding, self.failure = is_open, ""

    @rx.event
    @admin_only
    async def add_municipality(self, form: dict[str, Any]):
        """Add a municipality."""
        with failure_in_words(self):
            name, zone = str(form.get("name", "")), str(form.get("zone", ""))
            await sites.add_municipality(current(), name, zone)
            self.is_adding = False
            await self._read()

    @rx.event
    @admin_only
    async def remove_municipality(self, municipality_id: str):
        """Delete a municipality that nothing refers to."""
        with failure_in_words(self):
            await rates.remove_municipality(current(), int(municipality_id))
            await self._read()

    @rx.event
    @admin_only
    async def remove_tariff(self, tariff_id: int):
        """Delete a tariff."""
        with failure_in_words(self):
            await rates.remove_tariff(current(), tariff_id)
            await self._read()

    @rx.event
    @admin_only
    def ask_raise(self, tariff_id: str):
        """Ask by how much the copy of a tariff is raised; an empty id closes the question."""
        self.copied = tariff_id

    @rx.event
    @admin_only
    def set_raise(self, percent: str):
        """Note the percentage."""
        self.percent = percent

    @rx.event
    @admin_only
    def close_copy(self, is_open: bool):
        """Close the question."""
        if not is_open:
            self.copied = ""

    async def _read(self):
        stack = current()
        found = await tariffs.list_tariffs(stack)
        self.cards = build_cards(found, stack.settings.billing.currency)
        self.warnings = uncovered_in_words(found)
        self.places = [
            {"id": str(place.municipality_id), "name": place.name, "zone": place.time_zone_id}
            for place in found
        ]
        self.presets = [
            (str(place), f"{preset.provider}: {preset.tariff.name}, {preset.year}")
            for place, preset in enumerate(tariffs.presets())
        ]
