"""The dialogs of a board on the Sites page."""

import reflex as rx

from portal.client.boards.dialog_state import BoardDialogs
from portal.client.sites.state import SitesState


class SiteBoardDialogs(BoardDialogs, rx.State):
    """Those of the board of the meter whose panel is open."""

    async def _show(self, notice: str):
        page = await self.get_state(SitesState)
        await page._show(notice)  # noqa: SLF001 - a public method would be one more thing a browser could call
