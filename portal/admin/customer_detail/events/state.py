"""State of the tab with what a customer's stack pushed."""

import reflex as rx

from portal.admin.customer_detail.events import answer, view
from portal.admin.customer_detail.events.address import (
    BatchesAsked,
    before_in,
    chosen,
    events_address,
    events_in,
)
from portal.admin.customer_detail.events.reading import read_events
from portal.admin.customer_detail.view import EVENTS, known_tab
from portal.admin.identifiers import CustomerAddress, customer_uuid
from portal.auth.guards import signed_in
from portal.core.stack import current
from portal.ui.failures import failure_in_words
from portal.ui.plotted import NO_BARS, Drawn
from portal.web.events.beats import beats

_REFRESH_SECONDS = 15


class CustomerEventsState(CustomerAddress, rx.State):
    """The batches that the address asks for, and the answer to why one did not land."""

    said: answer.PushAnswer = answer.NO_ANSWER
    figures: view.PushFigures = view.NO_FIGURES
    drawn: Drawn = NO_BARS
    events: list[view.BatchRow] = []
    strangers: list[view.StrangerRow] = []
    batch_type: str = ""
    problem: str = ""
    span: str = ""
    count_words: str = ""
    older: str = ""
    new_words: str = ""
    zone: str = ""
    is_loading: bool = True
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the batches, when their tab is the open one."""
        if known_tab(self.router.url.query_parameters.get("tab", "")) != EVENTS:
            return
        self._start_over()
        with failure_in_words(self):
            asked = events_in(self.router.url.query_parameters)
            self.batch_type, self.span = asked.batch_type, asked.span
            self.problem = "1" if asked.only_problems else ""
            for name, value in (await read_events(current(), customer_uuid(self.customer_id), asked)).items():
                setattr(self, name, value)
        self.is_loading = False
        yield CustomerEventsState.follow

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Keep answer, figures and chart fresh while they are shown; of the list it only says how many are new."""
        async with self:
            begun_at = str(self.router.url)
        is_first = True
        async for _ in beats(self, _REFRESH_SECONDS):
            if is_first:  # the page has read it just now
                is_first = False
                continue
            async with self:
                if str(self.router.url) != begun_at:
                    return
                customer, shown = customer_uuid(self.customer_id), [row["id"] for row in self.events]
                asked = events_in(self.router.url.query_parameters)
            found = await read_events(current(), customer, asked)
            async with self:
                with failure_in_words(self):
                    fresh = [row["id"] for row in found.pop("events")]
                    self.new_words = view.new_words(shown, fresh)
                    for name, value in found.items():
                        setattr(self, name, value)

    @rx.event
    @signed_in
    def choose_type(self, batch_type: str):
        """Show the batches of a type, or of all."""
        return self._go(chosen(self._asked(), "type", batch_type))

    @rx.event
    @signed_in
    def choose_problem(self, problem: str):
        """Show those with a problem ("1"), or all."""
        return self._go(chosen(self._asked(), "problem", problem))

    @rx.event
    @signed_in
    def choose_span(self, span: str):
        """Show another time."""
        return self._go(chosen(self._asked(), "span", span))

    @rx.event
    @signed_in
    def open_bar(self, end: str):
        """List the batches up to the end of a bar; back leads to these."""
        return rx.redirect(events_address(self.customer_id, before_in(self._asked(), end)))

    def _asked(self) -> BatchesAsked:
        return events_in(self.router.url.query_parameters)

    def _go(self, asked: BatchesAsked):
        return rx.redirect(events_address(self.customer_id, asked), replace=True)
