"""State of the Alerts page: what happened, what is watched, and who is told."""

from typing import Any

import reflex as rx

from portal.auth.guards import signed_in
from portal.client.alerts import view
from portal.core.access import Role
from portal.core.alerts.service import alert_channels, alert_rules, alerts
from portal.core.cost.service import cost
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.stack import current
from portal.core.values.pages import Asked
from portal.ui.failures import failure_in_words
from portal.web.events.beats import Beat, beats

_BEAT_SECONDS = 10
_MOST_SHOWN = 100
OPEN, ALL = "open", "all"
_not_read = Outage(logger("alerts"), "The alerts are not read")


class AlertsState(rx.State):
    """What the page lists. `show` is "open" or "all", as the address says; rules and channels are an admin's."""

    lines: list[view.AlertLine] = []
    rules: list[view.RuleLine] = []
    channels: list[view.ChannelLine] = []
    summary: str = ""
    show: str = OPEN
    has_mail: bool = True
    is_loading: bool = True
    no_figures: str = ""
    notice: str = ""
    failure: str = ""

    @rx.event(background=True)
    @signed_in
    async def follow(self):
        """Read all of it now and every few seconds."""
        async with self:
            self.show = ALL if self.router.url.query_parameters.get("show") == ALL else OPEN
            show = self.show
        async for beat in beats(self, seconds=_BEAT_SECONDS):
            shown = await _shown(beat, show)
            async with self:
                for name, value in shown.items():
                    if getattr(self, name) != value:
                        setattr(self, name, value)

    @rx.event
    @signed_in
    async def acknowledge(self, alert: str):
        """Say that whoever is signed in has seen an alert."""
        with failure_in_words(self):
            number = int(alert) if alert.isdecimal() and len(alert) < 19 else 0
            seen = await alerts.acknowledge(current(), number)
            await self._show(tr("Acknowledged: {subject}.", subject=seen.subject))

    async def _show(self, notice: str):
        """Show at once what was changed."""
        self.notice = notice
        zone = await cost.local_zone(current())
        self.lines = await _lines(self.show, zone)
        if self.rules or self.channels or self.summary:
            await self._show_settings(zone)

    async def _show_settings(self, zone: str):
        rules, channels = await _settings()
        self.rules, self.channels = _worded(rules, channels, zone)
        found = await alerts.count_open(current())
        self.summary = view.summary(*found, len(rules))


async def _lines(show: str, zone: str) -> list[view.AlertLine]:
    stack = current()
    page = await alerts.page_of_alerts(stack, Asked(_MOST_SHOWN), only_open=show == OPEN)
    return view.alert_lines(page.items, stack.clock(), zone)


async def _settings() -> tuple[list[alert_rules.AlertRule], list[alert_channels.AlertChannel]]:
    stack = current()
    return await alert_rules.list_rules(stack), await alert_channels.list_channels(stack)


def _worded(
    rules: list[alert_rules.AlertRule], channels: list[alert_channels.AlertChannel], zone: str
) -> tuple[list[view.RuleLine], list[view.ChannelLine]]:
    names = {each.id: each.name for each in channels}
    return view.rule_lines(rules, names), view.channel_lines(channels, zone)


async def _shown(beat: Beat, show: str) -> dict[str, Any]:
    """Return the fields of the state that a beat fills."""
    shown: dict[str, Any] = {
        "is_loading": False,
        "no_figures": tr("The alerts could not be read. This page keeps trying."),
    }
    with _not_read.noted():  # whatever it is, the page goes on trying
        zone = await beat.read(cost.local_zone)
        page = await beat.read(alerts.page_of_alerts, Asked(_MOST_SHOWN), only_open=show == OPEN)
        found = await beat.read(alerts.count_open)
        rules = await beat.read(alert_rules.list_rules)
        stack = current()
        shown |= {
            "no_figures": "",
            "lines": view.alert_lines(page.items, stack.clock(), zone),
            "summary": view.summary(*found, len(rules)),
            "has_mail": bool(stack.settings.mail.host),
        }
        if beat.actor.role is Role.ADMIN:
            channels = await beat.read(alert_channels.list_channels)
            shown["rules"], shown["channels"] = _worded(rules, channels, zone)
    return shown
