"""Answers of the routes for alerts."""

from uuid import UUID

import msgspec

from fleet_ingest.payloads import Cursor
from portal.core.alerts.rules.alert_rules import AlertKind
from portal.core.alerts.rules.channels import ChannelKind
from portal.core.wire_fields import Exact, Instant


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class AlertAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What happened; `endedAt` is null while it goes on."""

    id: int
    rule_id: UUID | None
    rule_name: str
    kind: AlertKind
    site_id: UUID | None
    device_id: UUID | None
    subject: str
    words: str
    began_at: Instant
    ended_at: Instant | None
    ended_why: str
    acknowledged_at: Instant | None
    acknowledged_by: str
    note: str


class AlertsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A page of alerts, the newest first."""

    alerts: list[AlertAnswer]
    next: Cursor


class AlertRuleAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """What is watched: of a meter, of a site, or of everything where neither is named."""

    id: UUID
    name: str
    kind: AlertKind
    site_id: UUID | None
    device_id: UUID | None
    threshold: Exact | None
    minutes: int | None
    breaks_quiet_hours: bool
    is_active: bool
    channels: list[UUID]


class AlertRulesAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Every rule by name."""

    rules: list[AlertRuleAnswer]


class AlertChannelAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Who is told; `shown` is what may be seen of where it leads."""

    id: UUID
    name: str
    kind: ChannelKind
    shown: str
    quiet_from: str | None
    quiet_to: str | None
    gets_report: bool
    is_active: bool
    last_sent_at: Instant | None
    last_error: str


class AlertChannelsAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Every channel by name."""

    channels: list[AlertChannelAnswer]
