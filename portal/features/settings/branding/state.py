"""State of the Branding page."""

from secrets import token_hex
from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.brand import service as branding
from portal.core.languages import tr
from portal.core.stack import current
from portal.features.settings.branding import view
from portal.ui.failures import failure_in_words


class BrandingState(rx.State):
    """The brand as it is saved, and the colours that are being chosen."""

    product_name: str = ""
    primary_color: str = branding.DEFAULT_PRIMARY
    accent_color: str = branding.DEFAULT_PRIMARY
    appearance: str = branding.APPEARANCES[0]
    chosen_primary: str = branding.DEFAULT_PRIMARY
    chosen_accent: str = branding.DEFAULT_PRIMARY
    primary_contrast: list[view.Contrast] = []
    accent_contrast: list[view.Contrast] = []
    has_logo: bool = False
    has_icon: bool = False
    failure: str = ""
    notice: str = ""
    draft_done: str = ""

    @rx.event
    @admin_only
    async def load(self):
        """Read the brand as it is saved."""
        with failure_in_words(self):
            await self._read()
        problem, self.notice = view.outcome(self.router.url.query_parameters)
        self.failure = self.failure or problem

    @rx.event
    @admin_only
    def choose_primary(self, color: str):
        """Show how the first colour reads before it is saved."""
        self._show(color, self.chosen_accent)

    @rx.event
    @admin_only
    def choose_accent(self, color: str):
        """Show how the second colour reads before it is saved."""
        self._show(self.chosen_primary, color)

    @rx.event
    @admin_only
    async def save(self, form: dict[str, Any]):
        """Save what was chosen; every open page follows."""
        self.notice = ""
        with failure_in_words(self):
            await branding.save_brand(
                current(),
                product_name=str(form.get("product_name", "")),
                primary_color=str(form.get("primary_color", "")),
                accent_color=str(form.get("accent_color", "")),
                appearance=str(form.get("appearance", "")),
            )
            await self._read()
            self.draft_done = token_hex(8)
            self.notice = tr("Saved, and shown on every open page.")

    async def _read(self):
        brand = await branding.get_brand(current())
        self.product_name, self.appearance = brand.product_name, brand.appearance
        self.primary_color, self.accent_color = brand.primary_color, brand.accent_color
        self.has_logo, self.has_icon = brand.has_logo, brand.has_icon
        self._show(brand.primary_color, brand.accent_color)

    def _show(self, primary: str, accent: str):
        self.chosen_primary, self.chosen_accent = primary[:20], accent[:20]
        self.primary_contrast = view.text_contrasts(self.chosen_primary)
        self.accent_contrast = view.line_contrasts(self.chosen_accent)
