"""What the panel of one meter shows, as texts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.client.sites.posts_view import PostRow, build_posts
from portal.client.sites.status import status_of
from portal.client.sites.view import KIND_WORDS, formula_in_words, losses_in_words
from portal.core.languages import tr
from portal.core.meters.service import LastReading, MeterDetail, MeterNow, MetersNow
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.words import noted
from portal.ui import formats

Fact = tuple[str, str]
# Label, its quantities in the order they stand beside each other, unit, decimals.
_SHOWN: Final = (
    (noted("Power"), ("active_power_kw",), "kW", 2),
    (noted("Register"), ("energy_imported_kwh",), "kWh", 1),
    (noted("Exported"), ("energy_exported_kwh",), "kWh", 1),
    (noted("Voltage"), ("voltage_v",), "V", 1),
    (noted("Voltage L1 L2 L3"), ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v"), "V", 1),
    (noted("Current L1 L2 L3"), ("current_l1_a", "current_l2_a", "current_l3_a"), "A", 1),
    (noted("Power factor"), ("power_factor",), "", 3),
    (noted("Frequency"), ("frequency_hz",), "Hz", 2),
)


@dataclass(frozen=True)
class MeterPanel:
    """One meter: texts, and lists of (label, figure)."""

    id: str = ""
    site_id: str = ""
    site: str = ""
    name: str = ""
    kind: str = ""
    kind_word: str = ""
    above: str = ""
    status: str = ""
    tone: str = "neutral"
    meaning: str = ""
    read_at: str = ""
    read_at_utc: str = ""
    reading: list[Fact] = field(default_factory=list)
    below: str = ""
    clock: str = ""
    posts: list[PostRow] = field(default_factory=list)
    token: str = ""
    old_token: str = ""
    facts: list[Fact] = field(default_factory=list)
    description: str = ""
    is_active: bool = True
    is_virtual: bool = False
    version: str = ""


def build_panel(found: MetersNow, detail: MeterDetail, now: datetime) -> MeterPanel:
    """Return what the panel shows; `now` is aware."""
    device, zone = detail.device, detail.time_zone
    meters = [meter for site in found.sites for meter in site.meters if site.site.id == device.site_id]
    names = {meter.device.id: meter.device.name for meter in meters}
    this = next((meter for meter in meters if meter.device.id == device.id), None)
    this = this or MeterNow(device, 0, None, None, detail.posts[0] if detail.posts else None)
    status = status_of(this, now)
    return MeterPanel(
        id=str(device.id),
        site_id=str(device.site_id),
        site=detail.site.name,
        name=device.name,
        kind=device.kind.value,
        kind_word=tr(KIND_WORDS[device.kind]),
        above="" if device.parent_id is None else names.get(device.parent_id, ""),
        status=status.word,
        tone=status.tone,
        meaning=status.meaning,
        read_at=_read_at(device.last_reading_at, zone, now),
        read_at_utc=formats.utc_time(device.last_reading_at),
        reading=_now(this) if device.formula is not None else _reading(detail.last_reading),
        below="" if this.not_measured is None else losses_in_words(this.not_measured),
        clock="" if device.clock_skew is None else _clock(detail),
        posts=build_posts(detail.posts, zone, now),
        token=_token(detail),
        old_token=_old_token(detail, now),
        facts=_facts(detail, meters, names),
        description=device.description,
        is_active=device.is_active,
        is_virtual=device.kind is DeviceKind.VIRTUAL,
        version=device.version,
    )


def _read_at(at: datetime | None, zone: str, now: datetime) -> str:
    return tr("none yet") if at is None else f"{formats.near_time(at, zone)}, {formats.relative(at, now)}"


def _reading(last: LastReading | None) -> list[Fact]:
    if last is None:
        return []
    facts: list[Fact] = []
    for label, names, unit, decimals in _SHOWN:
        known = [last.values.get(name) for name in names]
        if any(value is not None for value in known):
            figures = "  ".join(formats.number(value, decimals) for value in known)
            facts.append((tr(label), f"{figures} {unit}".strip()))
    more = len(last.values) - sum(name in last.values for _, names, _, _ in _SHOWN for name in names)
    if more > 0:
        facts.append((tr("And more"), formats.counted(more, "{count} quantity", "{count} quantities")))
    return facts


def _now(meter: MeterNow) -> list[Fact]:
    return [
        (tr("Power now"), formats.MISSING if meter.power_kw is None else f"{formats.kw(meter.power_kw)} kW"),
        (
            tr("Today"),
            formats.MISSING
            if meter.energy_today_kwh is None
            else f"{formats.kwh(meter.energy_today_kwh)} kWh",
        ),
    ]


def _clock(detail: MeterDetail) -> str:
    skew = detail.device.clock_skew
    if skew is None:
        return ""
    words = formats.clock_skew(skew)
    if words == "not set":
        return tr("The board's clock was never set: its readings are refused until it has the time.")
    return tr("The board's clock is {words}. Energy near the hour may fall into another hour.", words=words)


def _token(detail: MeterDetail) -> str:
    token = detail.device.token
    if detail.device.formula is not None:
        return ""
    if not token.last4:
        return tr("Issued by an earlier release: its last characters are not known.")
    return tr(
        "Ends in {last4}, issued {issued_at}",
        last4=token.last4,
        issued_at=formats.local_time(token.issued_at, detail.time_zone),
    )


def _old_token(detail: MeterDetail, now: datetime) -> str:
    until = detail.device.token.previous_expires_at
    if until is None or until <= now:
        return ""
    return tr("Old token valid until {until}", until=formats.near_time(until, detail.time_zone))


def _facts(detail: MeterDetail, meters: list[MeterNow], names: dict[UUID, str]) -> list[Fact]:
    device = detail.device
    if device.formula is not None:
        return [
            (tr("External id"), device.external_id),
            (tr("Calculated as"), formula_in_words(device.formula, (meter.device for meter in meters))),
        ]
    kind = tr("Bulk meter: the site adds it up")
    if device.parent_id is not None:
        kind = tr("Sub-meter of {parent_id}", parent_id=names.get(device.parent_id, "another meter"))
    rated = device.max_power_kw
    return [
        (tr("External id"), device.external_id),
        (tr("Kind"), kind),
        (tr("Rated power"), formats.MISSING if rated is None else f"{formats.kw(float(rated))} kW"),
    ]
