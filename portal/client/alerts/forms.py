"""The forms of rules and channels: what stands in their boxes, and what is read from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from portal.core.alerts.rules.alert_rules import KINDS, WITH_THRESHOLD, AlertKind, AlertRule, RuleFields
from portal.core.alerts.rules.channels import AlertChannel, ChannelFields, ChannelKind
from portal.core.errors import Invalid, NotFound
from portal.core.languages import tr
from portal.core.sites.service.devices import StoredDevice
from portal.core.sites.service.sites import StoredSite
from portal.core.values.numbers import exact_number

_SITE, _METER = "site-", "meter-"
TOLD: Final = "told-"
_CHECKED = ("on", "true", True)
Choice = tuple[str, str]


@dataclass(frozen=True)
class ToldBox:
    """A channel that a rule may tell."""

    box: str = ""
    name: str = ""
    is_told: bool = False


@dataclass(frozen=True)
class RuleBoxes:
    """What stands in the boxes of a rule. `unit` is of its threshold; empty for a power factor."""

    kind: str = ""
    label: str = ""
    name: str = ""
    about: str = ""
    threshold: str = ""
    unit: str = ""
    minutes: str = ""
    breaks_quiet_hours: bool = False
    has_threshold: bool = False
    has_minutes: bool = False
    version: str = ""
    abouts: list[Choice] = field(default_factory=list)
    told: list[ToldBox] = field(default_factory=list)


@dataclass(frozen=True)
class ChannelBoxes:
    """What stands in the boxes of a channel; where it leads never does, but for addresses of mail that are shown."""

    kind: str = ""
    name: str = ""
    shown: str = ""
    quiet_from: str = ""
    quiet_to: str = ""
    gets_report: bool = False
    version: str = ""


def kind_in(text: str) -> AlertKind | None:
    """Return the kind that a text names, None for an id."""
    return AlertKind(text) if text in set(AlertKind) else None


def channel_kind_in(text: str) -> ChannelKind | None:
    """Return the kind of channel that a text names, None for an id."""
    return ChannelKind(text) if text in set(ChannelKind) else None


def rule_boxes(
    kind: AlertKind,
    rule: AlertRule | None,
    channels: Iterable[AlertChannel],
    abouts: list[Choice],
    currency: str,
) -> RuleBoxes:
    """Return the boxes of a stored rule, or of a new one of a kind, which tells every channel."""
    facts = KINDS[kind]
    threshold = "" if rule is None or rule.threshold is None else f"{rule.threshold.normalize():f}"
    minutes = facts.minutes if rule is None else rule.minutes
    return RuleBoxes(
        kind=kind.value,
        label=tr(facts.label),
        name=tr(facts.label) if rule is None else rule.name,
        about="" if rule is None else _about(rule),
        threshold=threshold,
        unit=currency if facts.unit == "money" else facts.unit,
        minutes="" if minutes is None else str(minutes),
        breaks_quiet_hours=rule is not None and rule.breaks_quiet_hours,
        has_threshold=kind in WITH_THRESHOLD,
        has_minutes=facts.minutes is not None,
        version="" if rule is None else rule.version,
        abouts=abouts,
        told=[
            ToldBox(f"{TOLD}{each.id}", each.name, rule is None or each.id in rule.channels)
            for each in channels
        ],
    )


def _about(rule: AlertRule) -> str:
    if rule.device_id is not None:
        return f"{_METER}{rule.device_id}"
    return "" if rule.site_id is None else f"{_SITE}{rule.site_id}"


def about_choices(
    kind: AlertKind, sites: Iterable[StoredSite], meters: Iterable[StoredDevice]
) -> list[Choice]:
    """Return what a rule may be about: everything, a site, or a meter."""
    choices = [("", tr("All meters") if KINDS[kind].is_each else tr("All sites together"))]
    choices += [(f"{_SITE}{site.id}", site.name) for site in sites]
    if kind is not AlertKind.COST_ABOVE:
        choices += [
            (f"{_METER}{meter.id}", f"{meter.site_name}: {meter.name}")
            for meter in meters
            if meter.formula is None
        ]
    return choices


def channel_boxes(kind: ChannelKind, channel: AlertChannel | None) -> ChannelBoxes:
    """Return the boxes of a stored channel, or of a new one of a kind."""
    if channel is None:
        return ChannelBoxes(kind=kind.value)
    return ChannelBoxes(
        kind.value,
        channel.name,
        channel.shown,
        "" if channel.quiet_from is None else f"{channel.quiet_from:%H:%M}",
        "" if channel.quiet_to is None else f"{channel.quiet_to:%H:%M}",
        channel.gets_report,
        channel.version,
    )


def rule_fields(form: Mapping[str, Any], kind: AlertKind) -> RuleFields:
    """Return what the boxes of a rule say. Raises `Invalid`."""
    about = _text(form, "about")
    return RuleFields(
        kind=kind,
        name=_text(form, "name"),
        site_id=_uuid(about.removeprefix(_SITE)) if about.startswith(_SITE) else None,
        device_id=_uuid(about.removeprefix(_METER)) if about.startswith(_METER) else None,
        threshold=_number(form) if kind in WITH_THRESHOLD else None,
        minutes=_minutes(form) if KINDS[kind].minutes is not None else None,
        breaks_quiet_hours=form.get("urgent") in _CHECKED,
        channels=[
            _uuid(name.removeprefix(TOLD))
            for name, value in form.items()
            if name.startswith(TOLD) and value in _CHECKED
        ],
    )


def channel_fields(form: Mapping[str, Any]) -> ChannelFields:
    """Return what the boxes of a channel say; without a target where nothing was typed. Raises `Invalid`."""
    given = ChannelFields(
        name=_text(form, "name"),
        quiet_from=_clock(form, "quiet_from"),
        quiet_to=_clock(form, "quiet_to"),
        gets_report=form.get("report") in _CHECKED,
    )
    if target := _text(form, "target"):
        given["target"] = target
    return given


def _number(form: Mapping[str, Any]) -> Decimal:
    try:
        return exact_number(_text(form, "threshold").replace(",", ".").replace(" ", ""))
    except ValueError:
        raise Invalid(tr("Type the limit as a number")) from None


def _minutes(form: Mapping[str, Any]) -> int:
    text = _text(form, "minutes")
    if not text.isdecimal() or len(text) > 6:
        raise Invalid(tr("Type the minutes as a whole number"))
    return int(text)


def _clock(form: Mapping[str, Any], name: str) -> time | None:
    text = _text(form, name)
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Invalid(tr("Type the quiet hours as times like 22:00")) from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such thing any more")) from None


def _text(form: Mapping[str, Any], name: str) -> str:
    return str(form.get(name, "") or "").strip()
