"""State of the page with charts over the fleet."""

from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import UUID

import reflex as rx

from portal.admin.dashboards import view
from portal.admin.dashboards.address import (
    DAYS,
    ChartsAsked,
    charts_address,
    charts_in,
    inside,
    toggled,
)
from portal.admin.dashboards.drawings import NO_MAP, PushMap
from portal.admin.dashboards.reading import read_charts
from portal.auth.guards import signed_in
from portal.core.fleet.service import fleet_charts
from portal.core.stack import current
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.listing import NO_PAGES, PageChoice, page_choice
from portal.ui.plotted import NO_BARS, NO_CHARTS, Drawn

# Many look at the same ranking, and it is of days: a minute makes it no other.
_KEPT_SECONDS = 60


class FleetChartsState(rx.State):
    """The ranking, the lines, the days and the pushes that the address asks for."""

    rows: list[view.RankRow] = []
    pages: PageChoice = NO_PAGES
    lines: Drawn = NO_CHARTS
    fleet: Drawn = NO_BARS
    pushes: PushMap = NO_MAP
    days: str = ""
    customer: str = ""
    customer_name: str = ""
    summary: str = ""
    as_of: str = ""
    zone: str = ""
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the ranking first, then what is drawn."""
        asked = self._asked()
        self.is_busy = True
        self.days, self.customer = str(asked.days), "" if asked.customer is None else str(asked.customer)
        yield
        with failure_in_words(self):
            rank = await _rank(asked.days, asked.customer)
            self._show(rank, asked)
            self.is_loading = False
            yield
            for name, value in (await read_charts(current(), rank, asked)).items():
                setattr(self, name, value)
        self.is_loading = self.is_busy = False

    @rx.event
    @signed_in
    def choose_days(self, days: str):
        """Look at another number of days."""
        known = {str(each): each for each in DAYS}
        return self._go(replace(self._asked(), days=known.get(days, DAYS[1]), page=1))

    @rx.event
    @signed_in
    def compare(self, chosen: str):
        """Compare one more, or one less."""
        return self._go(toggled(self._asked(), chosen))

    @rx.event
    @signed_in
    def look_into(self, customer: str):
        """Rank the sites of a customer; with "" all customers again. Back leads to these."""
        return rx.redirect(charts_address(inside(self._asked(), customer)))

    @rx.event
    @signed_in
    def go_to(self, page: int):
        """Go to another page of the ranking."""
        return rx.redirect(charts_address(replace(self._asked(), page=page)))

    def _asked(self) -> ChartsAsked:
        return charts_in(self.router.url.query_parameters)

    def _go(self, asked: ChartsAsked):
        return rx.redirect(charts_address(asked), replace=True)

    def _show(self, rank: fleet_charts.FleetRank, asked: ChartsAsked) -> None:
        zone = current().settings.application.time_zone
        self.pages = page_choice(len(rank.lines), asked.page, view.ROWS)
        self.rows = view.build_rank(
            rank, self.pages["here"], asked.compared, of_customers=asked.customer is None
        )
        self.summary, self.customer_name = view.summary(rank), rank.name
        self.as_of, self.zone = formats.as_of(rank.as_of, zone), zone


async def _rank(days: int, customer: UUID | None) -> fleet_charts.FleetRank:
    stack = current()
    question: tuple[Any, ...] = (fleet_charts.fleet_rank, days, customer)
    return await stack.shared.answer(
        question,
        lambda: fleet_charts.fleet_rank(stack, days, customer),
        since=monotonic() - _KEPT_SECONDS,
        keep_seconds=_KEPT_SECONDS,
    )
