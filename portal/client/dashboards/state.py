"""State of the page of charts: what the address chooses, what was measured then, and its energy and year."""

from dataclasses import replace
from datetime import datetime

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.dashboards import steps
from portal.client.dashboards.address import chosen_in
from portal.client.dashboards.reading import ChartChoice, choice_of, is_running
from portal.client.dashboards.shown import (
    Offer,
    ShownChoice,
    offers_of,
    read_energy,
    read_lines,
    read_year,
    shown_choice,
)
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import current
from portal.ui.failures import failure_in_words
from portal.ui.plotted import NO_BARS, NO_CHARTS, NO_HEAT, Drawn
from portal.web.events.beats import beats

_BEAT_SECONDS = 60
_not_again = Outage(logger("dashboards"), "The charts are not read again")


class ChartsState(rx.State):
    """The charts, the bars of energy and the year of hours of what the address chooses."""

    shown: ShownChoice = ShownChoice()
    meters_offered: list[Offer] = []
    kinds_offered: list[Offer] = []
    charts: Drawn = NO_CHARTS
    energy: Drawn = NO_BARS
    year: Drawn = NO_HEAT
    empty_words: str = ""
    nearest_day: str = ""
    is_loading: bool = True
    is_busy: bool = False
    failure: str = ""

    @rx.event
    @signed_in
    async def load(self):
        """Read what the address chooses: first the lines, and once they are shown the energy and the year."""
        self.is_loading, self.is_busy = self.is_loading or self.failure != "", True
        with failure_in_words(self):
            choice = await self._choice()
            await self._show(choice, current().clock())
            self.is_loading = self.is_busy = False
            yield
            if choice.meters:
                self.energy = await read_energy(current(), choice, self.charts)
                yield
                self.year = await read_year(current(), choice)
            if is_running(choice.span, current().clock()):
                yield type(self).follow
        self.is_loading = self.is_busy = False

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Move the end of the charts once a minute while what they show goes on, until something else is chosen."""
        begun_at = None
        async for _ in beats(self, _BEAT_SECONDS):
            async with self:
                asked = str(self.router.url)
            if begun_at is None:  # the page has read it just now
                begun_at = asked
            elif asked != begun_at or not await self._moved(asked):
                return

    @rx.event
    @signed_in
    async def go(self, step: str, value: str):
        """Go to another choice: `step` is one of those of `steps`, `value` what it takes."""
        choice = await self._choice()
        is_replaced = step not in steps.WORTH_COMING_BACK_FROM
        return rx.redirect(steps.taken(choice, step, value).address(), replace=is_replaced)

    @rx.event
    @signed_in
    async def zoom(self, first: str, last: str):
        """Show a part of the time that is shown, from one ISO instant to another."""
        return rx.redirect(steps.zoomed(await self._choice(), first, last).address())

    @rx.event
    @signed_in
    async def choose_days(self, first: str, last: str):
        """Show days, both included."""
        choice = await self._choice()
        span = steps.days_between(first, last, choice.zone)
        return None if span is None else rx.redirect(replace(choice.chosen, zoom=span).address())

    async def _choice(self) -> ChartChoice:
        return await choice_of(current(), chosen_in(self.router.url.query_parameters))

    async def _moved(self, asked: str) -> bool:
        """Read the lines again, beside what else the page does; return whether they go on."""
        with _not_again.noted():
            choice, now = await self._choice(), current().clock()
            found = await read_lines(current(), choice, now)
            async with self:
                if str(self.router.url) != asked or self.is_busy:
                    return False
                self.charts, self.empty_words, self.nearest_day = found
            return is_running(choice.span, now)
        return True

    async def _show(self, choice: ChartChoice, now: datetime) -> None:
        self.meters_offered, self.kinds_offered = offers_of(choice)
        self.shown = shown_choice(choice)
        self.charts, self.empty_words, self.nearest_day = await read_lines(current(), choice, now)
