"""State of the library of tariffs."""

from dataclasses import replace
from typing import Any

import reflex as rx

from portal.admin.library import view
from portal.admin.nav import LIBRARY
from portal.auth.guards import admin_only, signed_in
from portal.core.errors import Invalid
from portal.core.languages import tr
from portal.core.stack import current
from portal.core.tariffs.rules.tariff_wire import tariff_to_wire
from portal.core.tariffs.service import library
from portal.core.tariffs.service.published import presets
from portal.core.values.json_text import exact_json
from portal.features.rates.published import PublishedFigures
from portal.ui.failures import failure_in_words

_PRESETS_ZONE = "Africa/Johannesburg"


class LibraryState(PublishedFigures, rx.State):
    """The list of editions; the dialog is "presets" or "paste"."""

    rows: list[view.LibraryRow] = []
    is_loading: bool = True

    @rx.event
    @signed_in
    async def load(self):
        """Read the library."""
        with failure_in_words(self):
            self.rows = view.build_rows(await library.list_editions(current()))
            self._find_presets(self.preset_search)
        self.is_loading = False

    @rx.event
    @admin_only
    async def start_from_preset(self, key: str):
        """Keep published figures as a draft, and open it."""
        with failure_in_words(self):
            preset = presets()[int(key)]
            raw = tariff_to_wire(replace(preset.tariff, is_active=True), number=str) | {
                "municipality": preset.provider,
                "timeZoneId": _PRESETS_ZONE,
                "source": f"{preset.source} ({preset.confidence})"[:300],
            }
            made = await library.save_edition(current(), raw)
            self._forget()
            return rx.redirect(f"{LIBRARY}/{made}")
        return None

    @rx.event
    @admin_only
    async def paste(self, form: dict[str, Any]):
        """Keep the tariffs of a JSON text as drafts."""
        with failure_in_words(self):
            try:
                raw = exact_json(str(form.get("json", "")))
            except ValueError as error:
                raise Invalid(tr("This is not JSON: {error}", error=error)) from None
            kept = await library.keep_editions(current(), raw if isinstance(raw, list) else [raw])
            self._forget()
            if len(kept) == 1:
                return rx.redirect(f"{LIBRARY}/{kept[0].id}")
            return rx.redirect(LIBRARY)
        return None
