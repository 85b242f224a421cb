"""State of Settings, Rates: the municipalities and the tariffs there are."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.rules.municipalities import MunicipalityEdits
from portal.core.tariffs.service import municipalities, tariffs
from portal.core.tariffs.service.time_zones import find_time_zone
from portal.features.rates.published import PublishedFigures
from portal.features.rates.view import TariffCard, build_cards, gaps_in_words
from portal.ui.failures import failure_in_words


class RatesState(PublishedFigures, rx.State):
    """What the page lists, and the dialog that is open.

    It is "municipality" (without an id to add one), "presets", "copy", "remove-municipality" or "remove-tariff".
    """

    cards: list[TariffCard] = []
    municipalities: list[dict[str, str]] = []
    warnings: list[str] = []
    zone_found: str = ""
    is_loading: bool = True
    chosen_zone: str = ""
    percent: str = "0"
    notice: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read municipalities and tariffs."""
        self.notice = ""
        with failure_in_words(self):
            await self._read()
        self.is_loading = False

    @rx.event
    @admin_only
    async def save_municipality(self, form: dict[str, Any]):
        """Add a municipality, or change the chosen one."""
        name = str(form.get("name", ""))
        with failure_in_words(self):
            zone = find_time_zone(str(form.get("zone", "")))
            if self.chosen_id:
                edits: MunicipalityEdits = {"name": name, "time_zone_id": zone}
                await municipalities.change_municipality(current(), int(self.chosen_id), edits)
            else:
                await municipalities.add_municipality(current(), name, zone)
            self._forget()
            self.notice = tr("{strip} is saved.", strip=name.strip())
            await self._read()

    @rx.event
    @admin_only
    async def remove(self):
        """Delete the tariff, or the municipality nothing refers to, that was asked about."""
        with failure_in_words(self):
            is_tariff = self.opened == "remove-tariff"
            delete = tariffs.remove_tariff if is_tariff else municipalities.remove_municipality
            await delete(current(), int(self.chosen_id))
            self._forget()
            self.notice = tr("{chosen_name} is deleted.", chosen_name=self.chosen_name)
            await self._read()

    @rx.event
    @admin_only
    def look_for_zone(self, text: str):
        """Say which time zone a city or a country is in, while it is typed."""
        try:
            self.zone_found = tr("Time zone {words}", words=find_time_zone(text)) if text.strip() else ""
        except Invalid as error:
            self.zone_found = tr(error.said)

    @rx.event
    @admin_only
    def set_raise(self, percent: str):
        """Note the percentage."""
        self.percent = percent

    def _choose(self, which: str, chosen_id: str, name: str) -> None:
        super()._choose(which, chosen_id, name)
        self.chosen_zone, self.percent, self.notice = "", "0", ""
        self.zone_found = ""
        self._find_presets("")
        self._show_chosen_municipality()

    def _show_chosen_municipality(self):
        """Show the chosen municipality as it is stored now; a draft that comes back knows what it was once."""
        for municipality in self.municipalities:
            if self.opened == "municipality" and municipality["id"] == self.chosen_id:
                self.chosen_name, self.chosen_zone = municipality["name"], municipality["zone"]

    async def _read(self):
        stack = current()
        found = await tariffs.list_tariffs(stack)
        self.cards = build_cards(found, stack.settings.billing.currency, stack.clock())
        self.warnings = gaps_in_words(found)
        self.municipalities = [
            {"id": str(each.municipality_id), "name": each.name, "zone": each.time_zone_id} for each in found
        ]
        self._find_presets(self.preset_search)
        self._show_chosen_municipality()
