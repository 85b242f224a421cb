"""State of a Data quality page: what its address asks for, read when the page is opened and not while it is read."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.cost.service import cost
from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.core.quality.service import effects, meter_events, quality_months
from portal.core.stack import current
from portal.core.words import noted
from portal.features.data_quality import view
from portal.features.data_quality.addresses import QualityAddress, read_address
from portal.features.data_quality.event_view import EventView, build_event
from portal.ui.failures import failure_in_words

_MOST = 200
_GONE = noted("This event is not there any more: it was decided, or late readings explained it.")


class QualityPage(rx.State, mixin=True):
    """What waits for a decision, what was decided, and what a month of readings was like."""

    tab: str = view.TO_DECIDE
    labels: dict[str, str] = {}
    subtitle: str = ""
    site: str = ""
    zone: str = "UTC"
    events: list[view.EventLine] = []
    event: EventView = EventView()
    opened_id: str = ""
    chosen: str = ""
    chosen_label: str = tr("Decide")
    decisions: list[view.MadeDecision] = []
    suspects: list[view.LineRow] = []
    conflicts: list[view.LineRow] = []
    gaps: list[view.LineRow] = []
    clocks: list[view.LineRow] = []
    coverage: list[view.CoverageRow] = []
    day_numbers: list[str] = []
    month_label: str = ""
    month_note: str = ""
    none_title: str = ""
    none_words: str = ""
    unrated: str = ""
    notice: str = ""
    failure: str = ""
    is_loading: bool = True
    is_this_month: bool = True
    _shown: QualityAddress | None = None

    @rx.event
    @signed_in
    async def load(self):
        """Read what the address asks for."""
        query = self.router.url.query_parameters
        if not self._is_shown(query):
            return
        with failure_in_words(self):
            self.zone = await cost.local_zone(current(), self._customer())
            self._shown = read_address(query, self._today())
            await self._read_choices()
            await self._read_events(self._shown)
            await self._read_month(self._shown)
        self.is_loading = False

    @rx.event
    @signed_in
    def open_tab(self, tab: str):
        """Show another list; the address says which."""
        return self._go(replace(self._present(), tab=view.known_tab(tab), event=""))

    @rx.event
    @signed_in
    def open_event(self, event_id: str):
        """Open an event of the list."""
        return self._go(replace(self._present(), event=event_id[:_MOST], tab=view.TO_DECIDE))

    @rx.event
    @signed_in
    def step_month(self, months: int):
        """Show the month before or after."""
        stepped = self._present().stepped(1 if months > 0 else -1)
        return None if stepped.month > self._today() else self._go(stepped)

    @rx.event
    @signed_in
    def choose_site(self, site: str):
        """Show the coverage of one site, or of all."""
        return self._go(replace(self._present(), site=site[:_MOST]))

    @rx.event
    @signed_in
    def choose(self, answer: str):
        """Mark an answer; nothing is decided yet."""
        self._mark(answer)

    def _mark(self, answer: str) -> None:
        """Have an answer be the chosen one, where the event takes it; the button says what it does."""
        labels = {card["key"]: card["button"] for card in self.event.answers}
        if answer in labels:
            self.chosen, self.chosen_label = answer, labels[answer]

    def _is_shown(self, query: Mapping[str, str]) -> bool:
        """Whether the address asks for this page at all."""
        return True

    def _customer(self) -> UUID | None:
        """Whose page it is (Admin)."""
        return None

    def _address(self, query: str) -> str:
        """The address of this page with a query."""
        raise NotImplementedError

    async def _read_choices(self) -> None:
        """Read what else there is to choose."""

    def _today(self) -> date:
        return current().clock().astimezone(ZoneInfo(self.zone)).date()

    def _present(self) -> QualityAddress:
        return self._shown or read_address({}, self._today())

    def _go(self, shown: QualityAddress):
        return rx.redirect(self._address(shown.query(self._today())))

    async def _read_events(self, address: QualityAddress) -> None:
        stack, customer = current(), self._customer()
        events = await meter_events.list_events(stack, customer)
        decided = await meter_events.list_decisions(stack, customer, most=_MOST)
        self.tab, self.site = address.tab, address.site
        self.events = view.event_lines(events.items, self.zone)
        self.decisions = view.decision_rows(decided, self.zone)
        self.subtitle = view.subtitle(len(self.events), can_decide=customer is None)
        if address.tab == view.TO_DECIDE:
            await self._read_event(address.event or (self.events[0]["id"] if self.events else ""))

    async def _read_event(self, event_id: str) -> None:
        self.notice = ""
        if event_id == self.opened_id and self.event.id == event_id:
            return
        self.event, self.opened_id, self.chosen = EventView(), event_id, ""
        if not event_id:
            return
        try:
            found = await effects.effects_of(current(), event_id, self._customer())
        except NotFound:
            self.notice, self.opened_id = tr(_GONE), ""
            return
        self.event = await asyncio.to_thread(build_event, found)
        self._mark(self.event.answers[0]["key"] if self.event.answers else "")

    async def _read_month(self, address: QualityAddress) -> None:
        month = await quality_months.quality_month(
            current(), address.month, self.zone, self._customer(), address.site_id
        )
        self.suspects = view.suspect_rows(month.suspects, month.names, self.zone)
        self.conflicts = view.suspect_rows(month.conflicts, month.names, self.zone)
        self.gaps = view.gap_rows(month.gaps, month.names, self.zone)
        self.clocks = view.clock_rows(month)
        self.coverage = view.coverage_rows(month.devices)
        self.day_numbers = view.day_numbers(month)
        self.month_label, self.month_note = view.month_words(month.month), view.coverage_note(month)
        self.none_title, self.none_words = view.no_coverage(month)
        self.unrated = view.unrated_note(month)
        self.is_this_month = address.stepped(1).month > self._today()
        self.labels = view.tab_labels(
            [self.events, self.decisions, self.suspects, self.conflicts, self.gaps, self.clocks]
        )
