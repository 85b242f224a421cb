"""Readings from a file: looked at, tried, and stored."""

import reflex as rx

from portal.client.import_file.components import importing
from portal.client.import_file.import_state import ImportState
from portal.client.import_file.upload import PAGE
from portal.client.nav import SITES, client_page
from portal.core.languages import tr
from portal.ui.layout import internal_link

ROUTE = PAGE
TITLE = tr("Import a file")
ON_LOAD = ImportState.load


def import_page() -> rx.Component:
    """Route `/sites/import`."""
    return client_page(
        TITLE,
        importing(),
        section=SITES,
        actions=internal_link(tr("Back to sites"), href=SITES, class_name="ui-button"),
        subtitle=tr("Readings that a utility, a logger or another system wrote down"),
    )
