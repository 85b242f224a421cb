"""State of the list of customers."""

import asyncio
from dataclasses import replace
from time import monotonic
from uuid import UUID

import reflex as rx

from portal.admin.customers import view
from portal.admin.customers.address import address_of, asked_in, file_of, ordered_by
from portal.auth.guards import signed_in
from portal.core.fleet.rules.customer_lists import PAGE_ROWS, CustomersAsked
from portal.core.fleet.service import customer_lists
from portal.core.stack import current
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.listing import NO_PAGES, FilterChip, PageChoice, page_choice
from portal.web.events.beats import beats

_REFRESH_SECONDS = 15


class CustomersState(rx.State):
    """The page of the list that the address asks for."""

    rows: list[view.CustomerRow] = []
    chips: list[FilterChip] = []
    pages: PageChoice = NO_PAGES
    search: str = ""
    shown: str = ""
    order: str = ""
    is_descending: bool = False
    summary: str = ""
    file_href: str = ""
    as_of: str = ""
    has_customers: bool = False
    is_loading: bool = True
    failure: str = ""
    _asked_at: float = 0.0

    @rx.event
    @signed_in
    async def load(self):
        """Read the page that the address asks for."""
        with failure_in_words(self):
            await self._read(self._asked())
        self.is_loading = False

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Keep what the rows say fresh while they are shown, in the order they have: nothing moves under a pointer."""
        async for beat in beats(self, _REFRESH_SECONDS):
            async with self:
                ids = tuple(UUID(row["id"]) for row in self.rows)
            if not ids:
                continue
            [found] = await asyncio.gather(
                beat.read(customer_lists.customers_now, ids), return_exceptions=True
            )
            async with self:
                with failure_in_words(self):
                    if isinstance(found, BaseException):
                        raise found
                    self._show(found, beat.began_at)

    @rx.event
    @signed_in
    def find(self, text: str):
        """Search; the address follows."""
        self.search = text[:100]
        return self._go(replace(self._asked(), search=self.search, page=1))

    @rx.event
    @signed_in
    def show(self, shown: str):
        """Show the customers of a filter; "" shows all."""
        return self._go(replace(self._asked(), shown=shown, page=1))

    @rx.event
    @signed_in
    def order_by(self, order: str):
        """Order by another column, or the other way round."""
        return self._go(ordered_by(self._asked(), order))

    @rx.event
    @signed_in
    def go_to(self, page: int):
        """Go to another page; back leads to this one."""
        return rx.redirect(address_of(replace(self._asked(), page=page)))

    def _asked(self) -> CustomersAsked:
        return asked_in(self.router.url.query_parameters)

    def _go(self, asked: CustomersAsked):
        return rx.redirect(address_of(asked), replace=True)

    def _worded(self, found: tuple[customer_lists.ListedCustomer, ...]) -> list[view.CustomerRow]:
        stack = current()
        return view.build_rows(found, stack.clock(), stack.settings.application.time_zone)

    def _show(self, found: tuple[customer_lists.ListedCustomer, ...], asked_at: float) -> None:
        """Show what was asked for at a moment (monotonic), unless what is shown is of a later one."""
        if asked_at >= self._asked_at:
            self.rows = view.updated(self.rows, self._worded(found))

    async def _read(self, asked: CustomersAsked) -> None:
        stack, self._asked_at = current(), monotonic()
        page = await customer_lists.page_of_list(stack, asked)
        self.rows = self._worded(page.customers)
        self.chips = view.filter_counts(page.counts)
        self.pages = page_choice(page.counts.of(asked.shown), asked.page, PAGE_ROWS)
        self.search, self.shown = asked.search, asked.shown
        self.order, self.is_descending = asked.order.value, asked.is_descending
        self.file_href = file_of(asked)
        self.summary = view.summary(page.counts, asked.search)
        self.as_of = formats.as_of(page.energy_as_of, stack.settings.application.time_zone)
        self.has_customers = page.counts.everybody > 0 or asked.search != ""
