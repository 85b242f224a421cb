"""Bodies of the routes for alerts."""

from datetime import time
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from fleet_ingest.requests import Body
from portal.core.alerts.rules.alert_rules import (
    LEAST_MINUTES,
    LONGEST_RULE_NAME,
    MOST_MINUTES,
    AlertKind,
)
from portal.core.alerts.rules.channels import (
    LONGEST_CHANNEL_NAME,
    LONGEST_TARGET,
    ChannelFields,
    ChannelKind,
)
from portal.core.errors import Invalid
from portal.core.wire_fields import ClockTime, Exact

RuleName = Annotated[str, msgspec.Meta(max_length=LONGEST_RULE_NAME)]
ChannelName = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CHANNEL_NAME)]
Threshold = Annotated[
    Exact,
    msgspec.Meta(
        description="above 0: kW, kWh, money, or a power factor up to 1",
        extra_json_schema={"exclusiveMinimum": 0, "maximum": 1_000_000_000},
    ),
]
Minutes = Annotated[int, msgspec.Meta(ge=LEAST_MINUTES, le=MOST_MINUTES)]
Target = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=LONGEST_TARGET,
        description="addresses of mail with commas between them, the URL of a webhook, or the address of a service as "
        "Apprise has it; sealed, and in no answer",
    ),
]


class NewAlertRule(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What is watched: of a meter, of a site, or of everything where neither is named."""

    kind: AlertKind
    name: RuleName = ""
    site_id: UUID | None = None
    device_id: UUID | None = None
    threshold: Threshold | None = None
    minutes: Minutes | None = None
    breaks_quiet_hours: bool = False
    is_active: bool = True
    channels: list[UUID] = msgspec.field(default_factory=list[UUID])


class AlertRuleChange(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a rule."""

    kind: AlertKind | UnsetType = UNSET
    name: RuleName | UnsetType = UNSET
    site_id: UUID | UnsetType | None = UNSET
    device_id: UUID | UnsetType | None = UNSET
    threshold: Threshold | UnsetType | None = UNSET
    minutes: Minutes | UnsetType | None = UNSET
    breaks_quiet_hours: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    channels: list[UUID] | UnsetType = UNSET


class NewAlertChannel(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Who is told, and in which hours of the day nobody is."""

    name: ChannelName
    kind: ChannelKind
    target: Target
    quiet_from: ClockTime | None = None
    quiet_to: ClockTime | None = None
    gets_report: bool = False
    is_active: bool = True


class AlertChannelChange(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What is to be changed of a channel; without a target it leads where it did."""

    name: ChannelName | UnsetType = UNSET
    target: Target | UnsetType = UNSET
    quiet_from: ClockTime | UnsetType | None = UNSET
    quiet_to: ClockTime | UnsetType | None = UNSET
    gets_report: bool | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class AlertAcknowledgement(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """That somebody has seen an alert, and what they note."""

    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


def channel_fields(body: NewAlertChannel | AlertChannelChange) -> ChannelFields:
    """Return what a body says of a channel. Raises `Invalid`."""
    given = body.given()
    for name in ("quiet_from", "quiet_to"):
        if isinstance(text := given.get(name), str):
            given[name] = _clock(text)
    return ChannelFields(**given)


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time of a day"
        raise Invalid(message) from None
