"""`/api/alerts` and `/api/admin/alert-*`: what happened, what is watched, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer, no_content, page_answer, thing_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, json_body, page_asked
from fleet_ingest.payloads_alerts import (
    AlertAnswer,
    AlertChannelAnswer,
    AlertChannelsAnswer,
    AlertRuleAnswer,
    AlertRulesAnswer,
    AlertsAnswer,
)
from fleet_ingest.requests_alerts import (
    AlertAcknowledgement,
    AlertChannelChange,
    AlertRuleChange,
    NewAlertChannel,
    NewAlertRule,
    channel_fields,
)
from portal.core.alerts.rules.alert_rules import RuleFields
from portal.core.alerts.service import alert_channels, alert_rules, alerts
from portal.core.errors import Invalid

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.alerts.service.alert_channels import AlertChannel
    from portal.core.alerts.service.alert_rules import AlertRule
    from portal.core.alerts.service.alerts import StoredAlert

_CREATED = 201
STATES = ("open", "all")


async def get_alerts(request: Request) -> Response:
    """Page through the alerts, the newest first."""
    await admin_of(request)
    state = request.query_params.get("state", "all")
    if state not in STATES:
        message = f"'state' is one of {', '.join(STATES)}"
        raise Invalid(message)
    page = await alerts.page_of_alerts(stack_of(request), page_asked(request, 1), only_open=state == "open")
    shown = [_alert(each) for each in page.items]
    return page_answer(request, AlertsAnswer(alerts=shown, next=page.next), page.next)


async def post_acknowledgement(request: Request) -> Response:
    """Say that somebody has seen an alert."""
    await admin_of(request)
    given = await json_body(request, AlertAcknowledgement)
    return json_answer(
        _alert(await alerts.acknowledge(stack_of(request), request.path_params["alert_id"], given.note))
    )


async def get_rules(request: Request) -> Response:
    """List what is watched."""
    await admin_of(request)
    found = await alert_rules.list_rules(stack_of(request))
    return json_answer(AlertRulesAnswer(rules=[_rule(each) for each in found]))


async def get_rule(request: Request) -> Response:
    """Show one rule."""
    await admin_of(request)
    found = await alert_rules.get_rule(stack_of(request), request.path_params["rule_id"])
    return thing_answer(_rule(found), found.version)


async def post_rule(request: Request) -> Response:
    """Watch something."""
    await admin_of(request)
    wanted = await json_body(request, NewAlertRule)
    made = await alert_rules.add_rule(stack_of(request), RuleFields(**wanted.given()))
    return thing_answer(_rule(made), made.version, _CREATED, f"{request.url.path}/{made.id}")


async def patch_rule(request: Request) -> Response:
    """Change what is watched."""
    await admin_of(request)
    wanted = await json_body(request, AlertRuleChange)
    changed = await alert_rules.change_rule(
        stack_of(request),
        request.path_params["rule_id"],
        RuleFields(**wanted.given()),
        expected=expected_versions(request),
    )
    return thing_answer(_rule(changed), changed.version)


async def delete_rule(request: Request) -> Response:
    """Watch something no more."""
    await admin_of(request)
    expected = expected_versions(request)
    await alert_rules.remove_rule(stack_of(request), request.path_params["rule_id"], expected=expected)
    return no_content()


async def get_channels(request: Request) -> Response:
    """List who is told."""
    await admin_of(request)
    found = await alert_channels.list_channels(stack_of(request))
    return json_answer(AlertChannelsAnswer(channels=[_channel(each) for each in found]))


async def get_channel(request: Request) -> Response:
    """Show one channel."""
    await admin_of(request)
    found = await alert_channels.get_channel(stack_of(request), request.path_params["channel_id"])
    return thing_answer(_channel(found), found.version)


async def post_channel(request: Request) -> Response:
    """Add somebody who is told."""
    await admin_of(request)
    wanted = await json_body(request, NewAlertChannel)
    made = await alert_channels.add_channel(stack_of(request), channel_fields(wanted))
    return thing_answer(_channel(made), made.version, _CREATED, f"{request.url.path}/{made.id}")


async def patch_channel(request: Request) -> Response:
    """Change a channel."""
    await admin_of(request)
    wanted = await json_body(request, AlertChannelChange)
    changed = await alert_channels.change_channel(
        stack_of(request),
        request.path_params["channel_id"],
        channel_fields(wanted),
        expected=expected_versions(request),
    )
    return thing_answer(_channel(changed), changed.version)


async def delete_channel(request: Request) -> Response:
    """Tell somebody no more."""
    await admin_of(request)
    expected = expected_versions(request)
    await alert_channels.remove_channel(
        stack_of(request), request.path_params["channel_id"], expected=expected
    )
    return no_content()


async def post_trial(request: Request) -> Response:
    """Send a message that says it is a trial; 502 with the reason where it did not arrive."""
    await admin_of(request)
    found = await alert_channels.try_channel(stack_of(request), request.path_params["channel_id"])
    return json_answer(_channel(found))


def _alert(found: StoredAlert) -> AlertAnswer:
    names = AlertAnswer.__struct_fields__
    return AlertAnswer(**{name: getattr(found, name) for name in names})


def _rule(found: AlertRule) -> AlertRuleAnswer:
    facts = {name: getattr(found, name) for name in AlertRuleAnswer.__struct_fields__ if name != "channels"}
    return AlertRuleAnswer(**facts, channels=list(found.channels))


def _channel(found: AlertChannel) -> AlertChannelAnswer:
    facts = {name: getattr(found, name) for name in AlertChannelAnswer.__struct_fields__}
    for name in ("quiet_from", "quiet_to"):
        facts[name] = None if facts[name] is None else f"{facts[name]:%H:%M}"
    return AlertChannelAnswer(**facts)
