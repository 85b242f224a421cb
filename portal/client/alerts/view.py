"""What the Alerts page shows, in words."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from portal.core.alerts.rules.alert_rules import KINDS, AlertKind
from portal.core.alerts.rules.conditions import amount_words, duration_words
from portal.core.alerts.service.alert_channels import AlertChannel, ChannelKind
from portal.core.alerts.service.alert_rules import AlertRule
from portal.core.alerts.service.alerts import StoredAlert
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

EVERYTHING = noted("All sites")
CHANNEL_WORDS = {
    ChannelKind.MAIL: noted("E-mail"),
    ChannelKind.WEBHOOK: noted("Webhook"),
    ChannelKind.SERVICE: noted("Another service"),
}


class AlertLine(TypedDict):
    """What happened. `link` leads to what it is about, for those who may see it."""

    id: str
    label: str
    subject: str
    words: str
    rule: str
    since: str
    since_utc: str
    lasted: str
    status: str
    tone: str
    seen: str
    is_seen: bool
    is_open: bool
    meter: str


class RuleLine(TypedDict):
    """What is watched."""

    id: str
    name: str
    watched: str
    about: str
    told: str
    is_told: bool
    is_active: bool


class ChannelLine(TypedDict):
    """Who is told."""

    id: str
    name: str
    kind: str
    shown: str
    quiet: str
    last: str
    problem: str
    gets_report: bool
    is_active: bool


def alert_lines(alerts: Iterable[StoredAlert], now: datetime, zone: str) -> list[AlertLine]:
    """The alerts in their order; times to the minute in the zone."""
    return [_alert(alert, now, zone) for alert in alerts]


def _alert(alert: StoredAlert, now: datetime, zone: str) -> AlertLine:
    lasted = duration_words((alert.ended_at or now) - alert.began_at)
    is_seen = alert.acknowledged_at is not None
    status, tone = (
        (tr("Over"), "ok") if alert.ended_at else (tr("Seen"), "neutral") if is_seen else (tr("Open"), "fail")
    )
    return {
        "id": str(alert.id),
        "label": tr(KINDS[alert.kind].label),
        "subject": alert.subject,
        "words": tr(alert.spoken),
        "rule": alert.rule_name,
        "since": formats.local_time(alert.began_at, zone),
        "since_utc": formats.utc_time(alert.began_at),
        "lasted": tr("for {lasted}", lasted=lasted) + (f": {tr(alert.ended_why)}" if alert.ended_why else ""),
        "status": status,
        "tone": tone,
        "seen": _seen(alert, zone),
        "is_seen": is_seen,
        "is_open": alert.ended_at is None,
        "meter": "" if alert.device_id is None else str(alert.device_id),
    }


def _seen(alert: StoredAlert, zone: str) -> str:
    if alert.acknowledged_at is None:
        return ""
    by = f"{alert.acknowledged_by}, {formats.local_time(alert.acknowledged_at, zone)}"
    return f"{by}: {alert.note}" if alert.note else by


def rule_lines(rules: Iterable[AlertRule], channels: Mapping[UUID, str]) -> list[RuleLine]:
    """The rules in their order; `channels` are the names of all channels."""
    return [
        {
            "id": str(rule.id),
            "name": rule.name,
            "watched": watched_words(rule),
            "about": about_words(rule),
            "told": ", ".join(sorted(channels[each] for each in rule.channels if each in channels)),
            "is_told": bool(rule.channels),
            "is_active": rule.is_active,
        }
        for rule in rules
    ]


def watched_words(rule: AlertRule) -> str:
    """What a rule watches for, like "Power above 50 kW over 15 min"."""
    facts = KINDS[rule.kind]
    unit = "" if facts.unit == "money" else facts.unit
    limit = "" if rule.threshold is None else f" {amount_words(rule.threshold)} {unit}".rstrip()
    watched = f"{tr(facts.label)}{limit}"
    if rule.minutes is None:
        return watched
    if rule.kind in {AlertKind.SILENT, AlertKind.REGISTER_STILL}:
        return tr("{watched} for {minutes} min", watched=watched, minutes=rule.minutes)
    return tr("{watched} over {minutes} min", watched=watched, minutes=rule.minutes)


def about_words(rule: AlertRule) -> str:
    """What a rule is about."""
    if rule.device_id is not None:
        return f"{rule.device_name}, {rule.site_name}"
    return rule.site_name or ((tr("All meters")) if KINDS[rule.kind].is_each else tr(EVERYTHING))


def channel_lines(channels: Iterable[AlertChannel], zone: str) -> list[ChannelLine]:
    """The channels in their order."""
    return [
        {
            "id": str(channel.id),
            "name": channel.name,
            "kind": tr(CHANNEL_WORDS[channel.kind]),
            "shown": channel.shown,
            "quiet": _quiet(channel),
            "last": tr("never")
            if channel.last_sent_at is None
            else formats.local_time(channel.last_sent_at, zone),
            "problem": channel.last_error,
            "gets_report": channel.gets_report,
            "is_active": channel.is_active,
        }
        for channel in channels
    ]


def _quiet(channel: AlertChannel) -> str:
    if channel.quiet_from is None or channel.quiet_to is None:
        return "none"
    return tr(
        "{quiet_from} to {quiet_to}",
        quiet_from=f"{channel.quiet_from:%H:%M}",
        quiet_to=f"{channel.quiet_to:%H:%M}",
    )


def summary(is_open: int, unseen: int, rules: int) -> str:
    """One line under the title."""
    if not rules:
        return tr("Nothing is watched yet")
    if not is_open:
        return tr("Nothing is wrong with what is watched")
    alerts = tr("1 alert is open") if is_open == 1 else tr("{is_open} alerts are open", is_open=is_open)
    return (
        tr("{alerts}, {unseen} not acknowledged", alerts=alerts, unseen=unseen)
        if unseen
        else tr("{alerts}, all acknowledged", alerts=alerts)
    )
