"""State of the list of customers."""

import asyncio
from time import monotonic

import reflex as rx

from portal.admin.customers import view
from portal.auth.guards import signed_in
from portal.core.fleet.service import customers
from portal.core.stack import current
from portal.ui.failures import failure_in_words
from portal.web.events.beats import beats

_REFRESH_SECONDS = 15


class CustomersState(rx.State):
    """The customers that match the search."""

    rows: list[view.CustomerRow] = []
    search: str = ""
    summary: str = ""
    as_of: str = ""
    has_customers: bool = False
    is_loading: bool = True
    failure: str = ""
    _all: list[view.CustomerRow] = []
    _asked_at: float = 0.0

    @rx.event
    @signed_in
    async def load(self):
        """Read the list."""
        with failure_in_words(self):
            asked_at = monotonic()
            self._show(await customers.list_customers(current()), asked_at)
        self.is_loading = False

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Keep the list fresh while it is shown: its point is who has been silent since when."""
        async for beat in beats(self, _REFRESH_SECONDS):
            # What is typed into the search meanwhile need not wait for it.
            [found] = await asyncio.gather(beat.read(customers.list_customers), return_exceptions=True)
            async with self:
                with failure_in_words(self):
                    if isinstance(found, BaseException):
                        raise found
                    self._show(found, beat.began_at)

    @rx.event
    @signed_in
    def find(self, text: str):
        """Show the customers that match."""
        self.search = text[:100]
        self.rows = view.matching(self._all, self.search)

    def _show(self, lines: tuple[customers.CustomerLine, ...], asked_at: float) -> None:
        """Show what was asked for at a moment (monotonic), unless what is shown is of a later one."""
        if asked_at < self._asked_at:
            return
        stack, self._asked_at = current(), asked_at
        self._all = view.build_rows(lines, stack.clock(), stack.settings.application.time_zone)
        self.rows = view.matching(self._all, self.search)
        self.summary = view.summary(self._all)
        self.as_of = view.as_of(lines, stack.settings.application.time_zone)
        self.has_customers = bool(self._all)
