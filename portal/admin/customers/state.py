"""State of the list of customers."""

import reflex as rx

from portal.admin.customers import view
from portal.auth.guards import beats, signed_in
from portal.core.services import customers
from portal.core.stack import current
from portal.ui.failures import failure_in_words

_REFRESH_SECONDS = 15


class CustomersState(rx.State):
    """The customers that match the search."""

    rows: list[view.CustomerRow] = []
    search: str = ""
    summary: str = ""
    has_customers: bool = False
    is_loading: bool = True
    failure: str = ""
    _all: list[view.CustomerRow] = []

    @rx.event
    @signed_in
    async def load(self):
        """Read the list."""
        await self._read()

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Keep the list fresh while it is shown: its point is who has been silent since when."""
        async for _ in beats(self, _REFRESH_SECONDS):
            async with self:
                await self._read()

    @rx.event
    @signed_in
    def find(self, text: str):
        """Show the customers that match."""
        self.search = text[:100]
        self.rows = view.matching(self._all, self.search)

    async def _read(self):
        with failure_in_words(self):
            stack = current()
            lines = await customers.list_customers(stack)
            self._all = view.build_rows(lines, stack.clock(), stack.settings.application.time_zone)
            self.rows = view.matching(self._all, self.search)
            self.summary = view.summary(self._all)
            self.has_customers = bool(self._all)
        self.is_loading = False
