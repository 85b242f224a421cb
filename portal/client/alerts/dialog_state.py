"""State of the dialogs of the Alerts page."""

from typing import Any

import reflex as rx

from portal.auth.guards import admin_only
from portal.client.alerts import forms
from portal.client.alerts.state import AlertsState
from portal.core.alerts.service import alert_channels, alert_rules
from portal.core.alerts.service.alert_channels import AlertChannel, ChannelFields
from portal.core.alerts.service.alert_rules import AlertRule, RuleFields
from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.core.sites.service import devices, sites
from portal.core.stack import current
from portal.features.settings.dialogs import AdminDialogs
from portal.ui.failures import failure_in_words


class AlertDialogs(AdminDialogs, rx.State):
    """The dialog that is open: "rule" or "channel" (with a kind to add one, an id to change one), or a question.

    A question is "remove-" and what it is about.
    """

    rule_boxes: forms.RuleBoxes = forms.RuleBoxes()
    channel_boxes: forms.ChannelBoxes = forms.ChannelBoxes()

    @rx.event
    @admin_only
    async def open_dialog(self, which: str, chosen_id: str, name: str):
        """Open a dialog, its form with what is stored."""
        self._choose(which, chosen_id, name)
        self.rule_boxes, self.channel_boxes = forms.RuleBoxes(), forms.ChannelBoxes()
        with failure_in_words(self):
            if which == "rule":
                await self._fill_rule(chosen_id)
            elif which == "channel":
                await self._fill_channel(chosen_id)

    @rx.event
    @admin_only
    async def save_rule(self, form: dict[str, Any]):
        """Add a rule, or change the chosen one unless somebody else did meanwhile."""
        with failure_in_words(self):
            kind = forms.kind_in(self.chosen_id)
            if kind is not None:
                saved = await alert_rules.add_rule(current(), forms.rule_fields(form, kind))
            else:
                rule = await _rule(self.chosen_id)
                given = forms.rule_fields(form, rule.kind)
                expected = [self.rule_boxes.version]
                saved = await alert_rules.change_rule(current(), rule.id, given, expected=expected)
            await self._done(tr("{name} is saved: it is looked at every minute.", name=saved.name))

    @rx.event
    @admin_only
    async def save_channel(self, form: dict[str, Any]):
        """Add a channel, or change the chosen one unless somebody else did meanwhile."""
        with failure_in_words(self):
            given, kind = forms.channel_fields(form), forms.channel_kind_in(self.chosen_id)
            if kind is not None:
                new = ChannelFields(kind=kind, target="") | given
                saved = await alert_channels.add_channel(current(), new)
            else:
                channel = await _channel(self.chosen_id)
                expected = [self.channel_boxes.version]
                saved = await alert_channels.change_channel(current(), channel.id, given, expected=expected)
            await self._done(tr("{name} is saved. Send a trial to see that it arrives.", name=saved.name))

    @rx.event
    @admin_only
    async def switch(self, what: str, thing: str, is_active: bool):
        """Watch something, or tell somebody, no more or again."""
        with failure_in_words(self):
            word = tr("on again") if is_active else tr("off")
            if what == "rule":
                rule = await _rule(thing)
                await alert_rules.change_rule(current(), rule.id, RuleFields(is_active=is_active))
                await self._done(tr("{name} is {word}.", name=rule.name, word=word))
            else:
                channel = await _channel(thing)
                given = ChannelFields(is_active=is_active)
                await alert_channels.change_channel(current(), channel.id, given)
                await self._done(tr("{name} is {word}.", name=channel.name, word=word))

    @rx.event
    @admin_only
    async def send_trial(self, channel: str):
        """Send a message that says it is a trial."""
        with failure_in_words(self):
            found = await alert_channels.try_channel(current(), (await _channel(channel)).id)
            await self._done(tr("A trial was sent to {shown}.", shown=found.shown))

    @rx.event
    @admin_only
    async def confirm(self):
        """Do what the open dialog asks about."""
        with failure_in_words(self):
            if self.opened == "remove-rule":
                await alert_rules.remove_rule(current(), (await _rule(self.chosen_id)).id)
            elif self.opened == "remove-channel":
                await alert_channels.remove_channel(current(), (await _channel(self.chosen_id)).id)
            await self._done(tr("{chosen_name} is deleted.", chosen_name=self.chosen_name))

    async def _done(self, notice: str):
        self._forget()
        page = await self.get_state(AlertsState)
        await page._show(notice)  # noqa: SLF001 - a public method would be one more thing a browser could call

    async def _fill_rule(self, chosen: str):
        stack, kind = current(), forms.kind_in(chosen)
        rule = None if kind is not None else await _rule(chosen)
        kind = rule.kind if rule is not None else kind
        if kind is not None:
            abouts = forms.about_choices(
                kind, await sites.list_sites(stack), await devices.list_devices(stack)
            )
            channels, currency = await alert_channels.list_channels(stack), stack.settings.billing.currency
            self.rule_boxes = forms.rule_boxes(kind, rule, channels, abouts, currency)

    async def _fill_channel(self, chosen: str):
        kind = forms.channel_kind_in(chosen)
        channel = None if kind is not None else await _channel(chosen)
        kind = channel.kind if channel is not None else kind
        if kind is not None:
            self.channel_boxes = forms.channel_boxes(kind, channel)


async def _rule(text: str) -> AlertRule:
    return await alert_rules.get_rule(current(), _id(text))


async def _channel(text: str) -> AlertChannel:
    return await alert_channels.get_channel(current(), _id(text))


def _id(text: str) -> forms.UUID:
    try:
        return forms.UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such thing any more")) from None
