"""State of the dialog that says which sites have the tariffs of a municipality."""

from typing import Any, Final, TypedDict

import reflex as rx

from portal.auth.guards import admin_only
from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.core.sites.service import sites
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words

_SITE: Final = "site-"


class SiteChoice(TypedDict):
    """A site: whether it has these tariffs, and whose it has otherwise."""

    box: str
    name: str
    note: str
    is_here: bool


class AssigningState(AdminDialogs, rx.State):
    """The dialog of one municipality's sites."""

    choices: list[SiteChoice] = []
    done: str = ""

    @rx.event
    @admin_only
    async def open_dialog(self, which: str, chosen_id: str, name: str):
        """Open it with the sites there are."""
        self._choose(which, chosen_id, name)
        self.done = ""
        with failure_in_words(self):
            self.choices = [_choice(site, chosen_id) for site in await sites.list_sites(current())]

    @rx.event
    @admin_only
    async def assign(self, form: dict[str, Any]):
        """Give the sites that were ticked these tariffs, and those that were not any more none."""
        with failure_in_words(self):
            municipality = _number(self.chosen_id)
            changed = 0
            shown = {choice["box"]: choice["is_here"] for choice in self.choices}
            for site in await sites.list_sites(current()):
                box = f"{_SITE}{site.id}"
                is_wanted = bool(form.get(box))
                # What somebody else has changed since, and nobody here touched, stays.
                if box in shown and is_wanted != shown[box]:
                    edits: sites.SiteEdits = {"municipality_id": municipality if is_wanted else None}
                    await sites.change_site(current(), site.id, edits)
                    changed += 1
            self._forget()
            self.done = tr("{changed} changed.", changed=changed) if changed else ""


def _choice(site: sites.StoredSite, municipality: str) -> SiteChoice:
    is_here = str(site.municipality_id) == municipality
    return {
        "box": f"{_SITE}{site.id}",
        "name": site.name,
        "note": ""
        if is_here or not site.municipality
        else tr("has those of {municipality}", municipality=site.municipality),
        "is_here": is_here,
    }


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise NotFound(tr("There is no such municipality"))
    return int(text)
