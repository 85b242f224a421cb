"""The boards beside the meters and their firmware, for admins."""

import reflex as rx

from portal.client.boards.components import listing
from portal.client.boards.dialog_state import FirmwareDialogs
from portal.client.boards.dialogs import board_dialogs, release_dialogs
from portal.client.boards.state import BoardsState
from portal.client.nav import BOARDS, SITES, client_page
from portal.core.languages import tr
from portal.ui.layout import internal_link

ROUTE = BOARDS
TITLE = tr("Boards")
ON_LOAD = BoardsState.follow


def boards_page() -> rx.Component:
    """Route `/sites/boards`."""
    return client_page(
        TITLE,
        listing(),
        board_dialogs(FirmwareDialogs),
        release_dialogs(),
        section=SITES,
        actions=internal_link(tr("Sites and meters"), href=SITES, class_name="ui-button"),
        subtitle=BoardsState.found.summary,
    )
