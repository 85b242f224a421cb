"""State of a Cost page: the days in its address, what they cost, and what the days before did."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Concatenate, ParamSpec
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import reflex as rx

from portal.auth.guards import signed_in
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service.cost import AsItStood
from portal.core.cost.service.restatements import WindowRestated
from portal.core.errors import PortalError, Unavailable
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import Stack, current
from portal.core.values.currencies import is_currency
from portal.features.cost import view
from portal.features.cost.comparison import build_comparison, days_before
from portal.features.cost.days import UTC_DAYS, days_asked_for, grouping_asked_for, instants_of, query_of
from portal.features.cost.explain_address import EXPLAIN_NAMES, Explained, explained_in
from portal.features.cost.restated_words import restated_words
from portal.ui import formats
from portal.ui.failures import failure_in_words
from portal.ui.range_picker import DEFAULT_RANGE, DayRange, parse_days, quick_key, quick_range, stepped
from portal.web.events.beats import Beat, beats

Asked = ParamSpec("Asked")
Compared = tuple[str, str]
_AGAIN_SECONDS = 5
_MICROSECOND = timedelta(microseconds=1)
_not_again = Outage(logger("cost"), "What is missing from a cost is not read")


async def answer_to(
    beat: Beat | None,
    service: Callable[Concatenate[Stack, Asked], Coroutine[Any, Any, CostReport]],
    *args: Asked.args,
    **kwargs: Asked.kwargs,
) -> CostReport:
    """Ask a service: for all pages that ask it in this beat, or for one page alone."""
    if beat is not None:
        return await beat.read(service, *args, **kwargs)
    return await service(current(), *args, **kwargs)


class CostPage(rx.State, mixin=True):
    """The cost of the days in the address. A page says where its figures come from and what its address is."""

    _own_grouping: ClassVar[str] = UTC_DAYS

    report: view.CostView = view.CostView()
    energy_compared: str = ""
    cost_compared: str = ""
    restated: str = ""
    quality_address: str = ""
    first_day: str = ""
    last_day: str = ""
    today: str = ""
    quick: str = DEFAULT_RANGE
    range_label: str = tr("Choose days")
    grouping: str = UTC_DAYS
    currency: str = ""
    zone: str = "UTC"
    days_note: str = ""
    export_query: str = ""
    measure: str = "cost"
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""
    _shown_query: dict[str, str] = {}
    _explained: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read the cost of the days in the address, and once it is shown, that of the days before.

        Where the address explains something else than before, what is shown stays and is read again beside it: a reload
        may come before the page has heard of an explanation that was closed.
        """
        query = self.router.url.query_parameters
        if not self._is_shown(query):
            return
        if self._explains_alone(query):
            yield type(self).read_again
            return
        # After a failure there is nothing to keep on the page while it is tried again.
        self.is_loading, self.is_busy = self.is_loading or self.failure != "", True
        with failure_in_words(self):
            days = await self._choose(query)
            yield
            report = await self._cost(*instants_of(days, self.zone))
            self._show(report, ("", ""))
            self.is_loading = self.is_busy = False
            yield
            self.energy_compared, self.cost_compared = await self._compared(days, report)
            self.restated = await self._restated(days, report)
            if not report.as_of.is_complete:
                yield type(self).follow
        self.is_loading = self.is_busy = False

    @rx.event(background=True)
    @signed_in
    async def read_again(self):
        """Read what is shown once more, without a wait that is seen, and again while something is missing from it."""
        async for beat in beats(self, _AGAIN_SECONDS):
            if not await self._bring_missing(beat):
                return

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Read the cost again every few seconds while something is missing from it."""
        is_first = True
        async for beat in beats(self, _AGAIN_SECONDS):
            # The page has read it just now.
            if not is_first and not await self._bring_missing(beat):
                return
            is_first = False

    @rx.event
    @signed_in
    def choose_quick(self, key: str):
        """Go to a quick range."""
        return self._go(quick_range(key, self._today()))

    @rx.event
    @signed_in
    def step(self, by: int):
        """Go to the days before (-1) or after (1)."""
        days = parse_days(self.first_day, self.last_day)
        return self._go(stepped(days, 1 if by > 0 else -1, self._today())) if days else None

    @rx.event
    @signed_in
    def choose_day(self, day: str):
        """Go to one day; back leads to these."""
        days = parse_days(day, day)
        return rx.redirect(self._address(days, self.grouping)) if days else None

    @rx.event
    @signed_in
    def choose_days(self, first: str, last: str):
        """Go to these days, both included."""
        return self._go(parse_days(first, last))

    @rx.event
    @signed_in
    def group_by(self, grouping: str):
        """Group by UTC or by local days."""
        chosen = grouping_asked_for({"days": grouping}, self._own_grouping)
        return self._go(parse_days(self.first_day, self.last_day), grouping=chosen)

    @rx.event
    @signed_in
    def choose_currency(self, currency: str):
        """Show what was priced in another currency."""
        return self._go(parse_days(self.first_day, self.last_day), currency=currency)

    @rx.event
    @signed_in
    def show_measure(self, measure: str):
        """Chart the cost or the energy."""
        self.measure = "energy" if measure == "energy" else "cost"

    def _is_shown(self, query: Mapping[str, str]) -> bool:
        """Whether the address asks for this page at all."""
        return True

    def _explains_alone(self, query: Mapping[str, str]) -> bool:
        """Whether the figures of an address are shown already, and only what is explained beside them changed."""
        was, self._explained = self._explained, explained_in(query).query()
        figures = {name: value for name, value in query.items() if name not in EXPLAIN_NAMES}
        is_answered = bool(self.first_day) and not (self.is_loading or self.failure)
        return is_answered and self._explained != was and figures == self._shown_query

    async def _read_choices(self, query: Mapping[str, str]) -> None:
        """Take what else the address chooses, before the figures are read."""

    async def _restatements(self, from_at: datetime, to_at: datetime) -> WindowRestated | None:
        """What was restated in a window."""
        raise NotImplementedError

    def _quality_address(self, days: DayRange) -> str:
        """Where it is shown which readings are missing, and what was decided."""
        raise NotImplementedError

    async def _local_zone(self) -> str:
        """The zone of local days."""
        raise NotImplementedError

    async def _cost(
        self, from_at: datetime, to_at: datetime, beat: Beat | None = None, stood: AsItStood | None = None
    ) -> CostReport:
        """The figures of a window, by the days of `grouping`; as they stood at an instant, where that is asked."""
        raise NotImplementedError

    def _address(self, days: DayRange, grouping: str) -> str:
        """The address of this page for these days."""
        raise NotImplementedError

    def _export_choices(self) -> dict[str, str]:
        """What the address of a file carries beside its days."""
        return {}

    def _go(self, days: DayRange | None, *, grouping: str = "", currency: str = ""):
        return rx.redirect(self._shown_address(days, grouping, currency), replace=True) if days else None

    def _shown_address(self, days: DayRange, grouping: str = "", currency: str = "") -> str:
        """The address of what is shown, or of the same in other days or another currency."""
        chosen = currency or self.currency
        address = self._address(days, grouping or self.grouping)
        return f"{address}&currency={chosen}" if chosen else address

    def _explain_address(self, explained: Explained) -> str:
        """The address of what is shown, with something explained beside it."""
        days = parse_days(self.first_day, self.last_day)
        return f"{self._shown_address(days)}{explained.query()}" if days else ""

    def _today(self) -> date:
        return current().clock().astimezone(ZoneInfo(self.zone)).date()

    async def _choose(self, query: Mapping[str, str]) -> DayRange:
        self.grouping = grouping_asked_for(query, self._own_grouping)
        asked = query.get("currency", "")
        self.currency = asked if is_currency(asked) else ""
        await self._read_choices(query)
        self.zone = "UTC" if self.grouping == UTC_DAYS else await self._local_zone()
        today = self._today()
        days = days_asked_for(query, today)
        self.first_day, self.last_day, self.today = (
            day.isoformat() for day in (days.first, days.last, today)
        )
        self.quick, self.range_label = quick_key(days, today), formats.day_range(days.first, days.last)
        self.export_query = query_of(days, self.grouping, **self._export_choices())
        self.restated, self.quality_address = "", self._quality_address(days)
        self._shown_query = dict(parse_qsl(urlsplit(self._shown_address(days)).query))
        self.days_note = tr("Days run from 00:00 to 24:00, {zone} time", zone=self.zone)
        return days

    async def _bring_missing(self, beat: Beat) -> bool:
        """Read what is shown again, beside what else the page does; return whether something is still missing."""
        async with self:
            asked, days = self._asked(), parse_days(self.first_day, self.last_day)
        if days is None:
            return False
        with _not_again.noted():
            try:
                report = await self._cost(*instants_of(days, self.zone), beat)
                compared = await self._compared(days, report, beat)
            except Unavailable:
                raise
            except PortalError:  # such as a site that is gone: no later answer is another one
                return False
            async with self:
                if self._asked() != asked or self.is_busy:
                    return False
                self._show(report, compared)
            return not report.as_of.is_complete
        return True

    def _asked(self) -> tuple[str, str, str]:
        """What the figures on the page are an answer to."""
        days = parse_days(self.first_day, self.last_day)
        return (self._shown_address(days) if days else ""), self.zone, self.failure

    def _show(self, report: CostReport, compared: Compared) -> None:
        self.report = view.build_cost(report, self.zone, self.currency)
        self.energy_compared, self.cost_compared = compared

    async def _restated(self, days: DayRange, report: CostReport) -> str:
        """What changed in these days after they were closed; nothing where nothing did."""
        window = instants_of(days, self.zone)
        found = await self._restatements(*window)
        if found is None:
            return ""
        before = await self._cost(*window, stood=AsItStood(found.since - _MICROSECOND, looked_at=True))
        now, then = (view.part_in(each, self.report.currency) for each in (report, before))
        return restated_words(found, now, then, self.zone)

    async def _compared(self, days: DayRange, report: CostReport, beat: Beat | None = None) -> Compared:
        """How the figures compare with the days before; empty for days that have not begun."""
        from_at, to_at = instants_of(days, self.zone)
        now = current().clock()
        if now <= from_at:
            return "", ""
        earlier = days_before(days)
        first_at, last_at = instants_of(earlier, self.zone)
        is_running = now < to_at
        if is_running:
            last_at = min(last_at, first_at + (now - from_at))
        before = await self._cost(first_at, last_at, beat)
        shown, its_before = (view.part_in(each, self.report.currency) for each in (report, before))
        return build_comparison(shown, its_before, earlier, is_running=is_running)
