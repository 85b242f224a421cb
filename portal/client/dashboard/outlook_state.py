"""State of the dashboard's view of the day and the month, read once a minute while the page is open."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.dashboard.outlook_view import OutlookShown, build_outlook, hour_href
from portal.client.dashboard.sentence import Sentence
from portal.client.dashboard.site_days import SiteCostRow, build_site_days
from portal.client.nav import DASHBOARD
from portal.core.cost.service import cost
from portal.core.errors import PortalError
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.overview.service import outlook as outlooks
from portal.core.overview.service import overview as overviews
from portal.core.stack import Stack
from portal.core.values.time import local_midnight
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 60
# A sentence that changes while it is read is not read again.
_SENTENCE_SECONDS = 300
_OPENS_ON_TODAY = 10
_DAY = timedelta(days=1)
_no_outlook = Outage(logger("dashboard"), "The outlook is not read")

Found = tuple[OutlookShown, list[SiteCostRow]]


class OutlookState(rx.State):
    """The sentence, the hours of a day, its sites and the month in money."""

    outlook: OutlookShown = OutlookShown()
    site_days: list[SiteCostRow] = []
    measure: str = "energy"
    is_waiting: bool = True

    @rx.event(background=True)
    @signed_in
    async def follow_outlook(self):
        """Read the day in the address (before ten that of yesterday, else today) now and once a minute."""
        said_at, said = None, Sentence()
        async for each in beats(self, seconds=_BEAT_SECONDS):
            query = self.router.url.query_parameters
            measure = "cost" if query.get("show") == "cost" else "energy"
            found = await _found(each, _day(query.get("day", "")), measure)
            if found is None:
                continue
            shown, rows = found
            if said_at is None or each.began_at - said_at >= _SENTENCE_SECONDS:
                said_at, said = each.began_at, shown.sentence
            async with self:
                self.outlook = replace(shown, sentence=said)
                self.site_days, self.measure, self.is_waiting = rows, measure, False

    @rx.event
    @signed_in
    def show_day(self, day: str):
        """Show the hours of a day; nothing for today."""
        return rx.redirect(_address(day, self.measure), replace=True)

    @rx.event
    @signed_in
    def show_measure(self, measure: str):
        """Show the hours in energy or in cost."""
        return rx.redirect(_address(self.router.url.query_parameters.get("day", ""), measure), replace=True)

    @rx.event
    @signed_in
    def open_hour(self, key: str):
        """Go to the charts of an hour."""
        return rx.redirect(hour_href(key))


def _address(day: str, measure: str) -> str:
    parts = [f"day={day}" if _day(day) else "", "show=cost" if measure == "cost" else ""]
    query = "&".join(filter(None, parts))
    return f"{DASHBOARD}?{query}" if query else DASHBOARD


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _found(beat: Beat, day: date | None, measure: str) -> Found | None:
    with _no_outlook.noted():  # the figures above are as good without it; the next beat tries again
        return await beat.words(_read, day, measure)
    return None


async def _read(stack: Stack, day: date | None, measure: str) -> Found:
    now = stack.clock()
    overview = await overviews.client_overview(stack)
    local = now.astimezone(ZoneInfo(overview.time_zone))
    if day is None and local.hour < _OPENS_ON_TODAY:
        day = local.date() - _DAY
    outlook = await outlooks.client_outlook(stack, day)
    window = (
        local_midnight(outlook.day, outlook.zone),
        local_midnight(outlook.day + _DAY, outlook.zone),
    )
    try:
        devices = (await cost.client_cost(stack, *window, days="local")).devices
    except PortalError:  # such as money of two currencies, which cannot be listed together
        devices = ()
    rows = build_site_days(outlook, devices, overview.currency)
    return build_outlook(outlook, overview, now, measure), rows
