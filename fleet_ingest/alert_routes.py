"""What a Client serves of its alerts."""

from __future__ import annotations

from fleet_ingest import fields, payloads_alerts, requests_alerts
from fleet_ingest.endpoints import alerts
from fleet_ingest.operations import Operation, Parameter

_CREATED, _NO_CONTENT = 201, 204
_RULES, _CHANNELS = "/admin/alert-rules", "/admin/alert-channels"
_RULE, _CHANNEL = f"{_RULES}/{{rule_id:uuid}}", f"{_CHANNELS}/{{channel_id:uuid}}"
_CHANGE_ERRORS = (404, 408, 409, 412, 413)
_RULE_EXAMPLE: dict[str, object] = {"kind": "power_above", "name": "Peak", "threshold": 50, "minutes": 15}
_CHANNEL_EXAMPLE: dict[str, object] = {
    "kind": "mail",
    "name": "Ops",
    "target": "ops@example.com",
    "quietFrom": "22:00",
    "quietTo": "06:00",
}

_ALERTS = (
    Operation(
        "GET",
        "/alerts",
        alerts.get_alerts,
        payloads_alerts.AlertsAnswer,
        parameters=(
            Parameter(
                "state",
                "query",
                "`open`: those that have not ended",
                required=False,
                schema={"type": "string", "enum": list(alerts.STATES), "default": "all"},
            ),
            *fields.PAGE,
        ),
        tag="Alerts",
        headers=("Link",),
    ),
    Operation(
        "POST",
        "/alerts/{alert_id:int}/acknowledgement",
        alerts.post_acknowledgement,
        payloads_alerts.AlertAnswer,
        body=(requests_alerts.AlertAcknowledgement,),
        errors=(404, 408, 413),
        example={"note": "The board is being swapped"},
        tag="Alerts",
    ),
)
_OF_RULES = (
    Operation("GET", _RULES, alerts.get_rules, payloads_alerts.AlertRulesAnswer, tag="Alerts"),
    Operation(
        "POST",
        _RULES,
        alerts.post_rule,
        payloads_alerts.AlertRuleAnswer,
        body=(requests_alerts.NewAlertRule,),
        errors=(400, 404, 408, 409, 413),
        success=_CREATED,
        example=_RULE_EXAMPLE,
        tag="Alerts",
        headers=("ETag", "Location"),
    ),
    Operation(
        "GET",
        _RULE,
        alerts.get_rule,
        payloads_alerts.AlertRuleAnswer,
        errors=(404,),
        tag="Alerts",
        headers=("ETag",),
    ),
    Operation(
        "PATCH",
        _RULE,
        alerts.patch_rule,
        payloads_alerts.AlertRuleAnswer,
        body=(requests_alerts.AlertRuleChange,),
        parameters=(fields.IF_MATCH,),
        errors=(400, *_CHANGE_ERRORS),
        example={"threshold": 60},
        tag="Alerts",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _RULE,
        alerts.delete_rule,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        success=_NO_CONTENT,
        tag="Alerts",
    ),
)
_OF_CHANNELS = (
    Operation("GET", _CHANNELS, alerts.get_channels, payloads_alerts.AlertChannelsAnswer, tag="Alerts"),
    Operation(
        "POST",
        _CHANNELS,
        alerts.post_channel,
        payloads_alerts.AlertChannelAnswer,
        body=(requests_alerts.NewAlertChannel,),
        errors=(400, 408, 409, 413),
        success=_CREATED,
        example=_CHANNEL_EXAMPLE,
        tag="Alerts",
        headers=("ETag", "Location"),
    ),
    Operation(
        "GET",
        _CHANNEL,
        alerts.get_channel,
        payloads_alerts.AlertChannelAnswer,
        errors=(404,),
        tag="Alerts",
        headers=("ETag",),
    ),
    Operation(
        "PATCH",
        _CHANNEL,
        alerts.patch_channel,
        payloads_alerts.AlertChannelAnswer,
        body=(requests_alerts.AlertChannelChange,),
        parameters=(fields.IF_MATCH,),
        errors=(400, *_CHANGE_ERRORS),
        example={"quietFrom": None, "quietTo": None},
        tag="Alerts",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _CHANNEL,
        alerts.delete_channel,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 412),
        success=_NO_CONTENT,
        tag="Alerts",
    ),
    Operation(
        "POST",
        f"{_CHANNEL}/trial",
        alerts.post_trial,
        payloads_alerts.AlertChannelAnswer,
        errors=(404, 502),
        tag="Alerts",
    ),
)
ALERTS = _ALERTS + _OF_RULES + _OF_CHANNELS
