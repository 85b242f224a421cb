"""State of a Cost page: the days in its address, what they cost, and what the days before did."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.cost.rules.cost import CostReport
from portal.core.stack import current
from portal.features.cost import view
from portal.features.cost.comparison import build_comparison, days_before
from portal.features.cost.days import UTC_DAYS, days_asked_for, grouping_asked_for, instants_of, query_of
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_key, quick_range


class CostPage(rx.State, mixin=True):
    """The cost of the days in the address. A page says where its figures come from and what its address is."""

    _own_grouping: ClassVar[str] = UTC_DAYS

    report: view.CostView = view.CostView()
    energy_compared: str = ""
    cost_compared: str = ""
    first_day: str = ""
    last_day: str = ""
    today: str = ""
    quick: str = DEFAULT_RANGE
    range_label: str = "Choose days"
    grouping: str = UTC_DAYS
    zone: str = "UTC"
    days_note: str = ""
    export_query: str = ""
    measure: str = "cost"
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the cost of the days in the address, and once it is shown, that of the days before."""
        query = self.router.url.query_parameters
        if not self._is_shown(query):
            return
        # After a failure there is nothing to keep on the page while it is tried again.
        self.is_loading, self.is_busy = self.is_loading or self.failure != "", True
        with failure_in_words(self):
            days = await self._choose(query)
            yield
            report = await self._cost(*instants_of(days, self.zone))
            self.report = view.build_cost(report, self.zone)
            self.energy_compared = self.cost_compared = ""
            self.is_loading = self.is_busy = False
            yield
            await self._compare(days, report)
        self.is_loading = self.is_busy = False

    @rx.event
    @signed_in
    def choose_quick(self, key: str):
        """Go to a quick range."""
        return self._go(quick_range(key, self._today()), self.grouping)

    @rx.event
    @signed_in
    def choose_days(self, first: str, last: str):
        """Go to these days, both included."""
        return self._go(parse_days(first, last), self.grouping)

    @rx.event
    @signed_in
    def group_by(self, grouping: str):
        """Group by UTC or by local days."""
        chosen = grouping_asked_for({"days": grouping}, self._own_grouping)
        return self._go(parse_days(self.first_day, self.last_day), chosen)

    @rx.event
    @signed_in
    def show_measure(self, measure: str):
        """Chart the cost or the energy."""
        self.measure = "energy" if measure == "energy" else "cost"

    def _is_shown(self, query: Mapping[str, str]) -> bool:
        """Whether the address asks for this page at all."""
        return True

    async def _read_choices(self, query: Mapping[str, str]) -> None:
        """Take what else the address chooses, before the figures are read."""

    async def _local_zone(self) -> str:
        """The zone of local days."""
        raise NotImplementedError

    async def _cost(self, from_at: datetime, to_at: datetime) -> CostReport:
        """The figures of a window, by the days of `grouping`."""
        raise NotImplementedError

    def _address(self, days: DayRange, grouping: str) -> str:
        """The address of this page for these days."""
        raise NotImplementedError

    def _export_choices(self) -> dict[str, str]:
        """What the address of a file carries beside its days."""
        return {}

    def _go(self, days: DayRange | None, grouping: str):
        return rx.redirect(self._address(days, grouping), replace=True) if days else None

    def _today(self) -> date:
        return current().clock().astimezone(ZoneInfo(self.zone)).date()

    async def _choose(self, query: Mapping[str, str]) -> DayRange:
        self.grouping = grouping_asked_for(query, self._own_grouping)
        await self._read_choices(query)
        self.zone = "UTC" if self.grouping == UTC_DAYS else await self._local_zone()
        today = self._today()
        days = days_asked_for(query, today)
        self.first_day, self.last_day, self.today = (
            day.isoformat() for day in (days.first, days.last, today)
        )
        self.quick, self.range_label = quick_key(days, today), formats.day_range(days.first, days.last)
        self.export_query = query_of(days, self.grouping, **self._export_choices())
        self.days_note = f"Days run from 00:00 to 24:00, {self.zone} time"
        return days

    async def _compare(self, days: DayRange, report: CostReport) -> None:
        from_at, to_at = instants_of(days, self.zone)
        now = current().clock()
        if now <= from_at:
            return
        earlier = days_before(days)
        first_at, last_at = instants_of(earlier, self.zone)
        is_running = now < to_at
        if is_running:
            last_at = min(last_at, first_at + (now - from_at))
        before = await self._cost(first_at, last_at)
        self.energy_compared, self.cost_compared = build_comparison(
            report, before, earlier, is_running=is_running
        )
