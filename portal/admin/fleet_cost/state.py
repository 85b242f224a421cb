"""State of the page with a month of all customers."""

from dataclasses import replace
from datetime import date, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import reflex as rx

from portal.admin.fleet_cost import view
from portal.admin.fleet_cost.address import MonthAsked, month_address, month_in, ordered_month, stepped_month
from portal.auth.guards import signed_in
from portal.core.cost.service import fleet_costs
from portal.core.stack import current
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.listing import NO_PAGES, PageChoice, page_choice

# Of a thousand customers a month takes seconds: it is read once for all who look, and says of when it is.
_KEPT_SECONDS = 300
_DAY = timedelta(days=1)


class FleetCostState(rx.State):
    """The month that the address names."""

    rows: list[view.MonthRow] = []
    totals: list[view.TotalRow] = []
    pages: PageChoice = NO_PAGES
    month_label: str = ""
    order: str = ""
    is_descending: bool = True
    export_query: str = ""
    as_of: str = ""
    is_last: bool = False
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the month."""
        asked = self._asked()
        self.is_busy = True
        self.month_label, self.export_query = formats.month(asked.first), f"month={asked.first:%Y-%m}"
        self.order, self.is_descending = asked.order, asked.is_descending
        self.is_last = asked.first >= _today().replace(day=1)
        yield
        with failure_in_words(self):
            self._show(await _month(asked.first), asked)
        self.is_loading = self.is_busy = False

    @rx.event
    @signed_in
    def step(self, by: int):
        """Go to the month before (-1) or after (1)."""
        return rx.redirect(month_address(stepped_month(self._asked(), 1 if by > 0 else -1)), replace=True)

    @rx.event
    @signed_in
    def order_by(self, order: str):
        """Order by another column, or the other way round."""
        return rx.redirect(month_address(ordered_month(self._asked(), order)), replace=True)

    @rx.event
    @signed_in
    def go_to(self, page: int):
        """Go to another page."""
        return rx.redirect(month_address(replace(self._asked(), page=page)))

    def _asked(self) -> MonthAsked:
        return month_in(self.router.url.query_parameters, _today())

    def _show(self, month: fleet_costs.FleetMonth, asked: MonthAsked) -> None:
        lines = view.ordered(month, asked.order, is_descending=asked.is_descending)
        self.pages = page_choice(len(lines), asked.page, view.ROWS)
        begin = (self.pages["here"] - 1) * view.ROWS
        last = (asked.first + 31 * _DAY).replace(day=1) - _DAY
        self.rows = view.build_months(
            lines[begin : begin + view.ROWS], asked.first.isoformat(), last.isoformat()
        )
        self.totals = view.build_totals(month.totals)
        self.as_of = formats.as_of(month.as_of, current().settings.application.time_zone)


async def _month(first: date) -> fleet_costs.FleetMonth:
    stack = current()
    return await stack.shared.answer(
        (fleet_costs.fleet_month, first),
        lambda: fleet_costs.fleet_month(stack, first),
        since=monotonic() - _KEPT_SECONDS,
        keep_seconds=_KEPT_SECONDS,
    )


def _today() -> date:
    stack = current()
    return stack.clock().astimezone(ZoneInfo(stack.settings.application.time_zone)).date()
