"""The operator's library of tariffs: the list, and one edition."""

import reflex as rx

from portal.admin.library.components import actions, edition, edition_actions, editions
from portal.admin.library.edition_state import EditionState
from portal.admin.library.state import LibraryState
from portal.admin.nav import LIBRARY, admin_page
from portal.core.languages import tr

ROUTE = LIBRARY
EDITION_ROUTE = f"{LIBRARY}/[edition_id]"
TITLE = tr("Tariff library")


def library_page() -> rx.Component:
    """Route `/tariff-library`."""
    return admin_page(
        TITLE,
        editions(),
        section=LIBRARY,
        actions=actions(),
        subtitle=tr("Municipal prices, kept once and offered to every customer"),
    )


def edition_page() -> rx.Component:
    """Route `/tariff-library/[edition_id]`."""
    return admin_page(
        EditionState.title,
        edition(),
        section=LIBRARY,
        actions=edition_actions(),
        back=(TITLE, LIBRARY),
    )


on_load = LibraryState.load
on_load_edition = EditionState.load
