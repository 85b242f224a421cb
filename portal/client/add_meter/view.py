"""What the way to a first reading shows, as texts."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.client.sites.posts_view import PostRow, build_posts, build_unknown
from portal.core.languages import tr
from portal.core.meters.service import LastReading, MeterDetail
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.sites.service.device_posts import BoardPost
from portal.core.words import noted
from portal.ui import formats

INGEST: Final = "/api/ingest/measurements"
RECEIVED: Final = noted("Received")
_UNAUTHORISED: Final = 401
_LONG: Final = timedelta(minutes=10)
_MOST_SHOWN: Final = 12
_DOUBTFUL: Final = 1.25
_CHECKLIST: Final = [
    noted("Does the board have power, and does it blink twice when it has a network?"),
    noted("SIM: is it active, without a PIN, and has it data left?"),
    noted("APN: is it the one of the SIM's network?"),
    noted("Time: without one the board has no readings to send."),
    noted("Address: is it the one in the block, with https where this portal has it?"),
]


class Lamp(TypedDict):
    """One of the three things that have to happen. `tone` is "ok", "fail" or "wait"."""

    words: str
    tone: str


@dataclass(frozen=True)
class BoardView:
    """The board of one meter while its first reading is waited for."""

    name: str = ""
    site: str = ""
    about: list[str] = field(default_factory=list)
    site_about: str = ""
    title: str = tr("Waiting for the first reading")
    words: str = ""
    is_received: bool = False
    lamps: list[Lamp] = field(default_factory=list)
    log: list[PostRow] = field(default_factory=list)
    checklist: list[str] = field(default_factory=list)
    waiting: str = ""
    token: str = ""


def build_board(detail: MeterDetail, since: datetime, now: datetime) -> BoardView:
    """Return what has been heard of a meter's board since somebody began to wait (aware, as `now`)."""
    device, zone = detail.device, detail.time_zone
    is_received = device.last_reading_at is not None
    heard = [*detail.posts, *detail.unknown_posts]
    return BoardView(
        name=device.name,
        site=detail.site.name,
        about=_about(detail),
        site_about=detail.site.municipality or tr("no municipality yet: it costs nothing"),
        title=tr("First reading received") if is_received else tr("Waiting for the first reading"),
        words=_received(detail) if is_received else _WAITING,
        is_received=is_received,
        lamps=_lamps(detail),
        log=_log(detail, zone, now),
        checklist=[tr(each) for each in _CHECKLIST]
        if not heard and not is_received and now - since > _LONG
        else [],
        waiting=RECEIVED
        if is_received
        else tr("Waiting since {zone}", zone=f"{since.astimezone(ZoneInfo(zone)):%H:%M}"),
        token=tr("Ends in {last4}", last4=device.token.last4) if device.token.last4 else "",
    )


def block_for(origin: str, token: str, external_id: str) -> str:
    """Return the settings of a board, ready to be pasted."""
    return json.dumps({"url": origin + INGEST, "token": token, "device": external_id}, indent=2)


def curl_line(origin: str, token: str, now: datetime, zone: str) -> str:
    """Return a line that posts one reading of now, for whoever has no board at hand."""
    at = now.astimezone(ZoneInfo(zone)).replace(microsecond=0).isoformat()
    body = json.dumps([{"time": at, "energyImportedKwh": 0.0}])
    return f"curl -X POST {origin}{INGEST} \\\n  -H 'Authorization: Bearer {token}' \\\n  -d '{body}'"


_WAITING: Final = noted(
    "Put the block below on the board and switch it on; a board posts within a minute. "
    "This page notices by itself, and you can leave it: the meter shows as Waiting under "
    "Sites."
)


def _about(detail: MeterDetail) -> list[str]:
    device = detail.device
    kind = tr("Sub-meter") if device.kind is DeviceKind.SUB else tr("Bulk meter")
    rated = device.max_power_kw
    power = (
        tr("No rated power given")
        if rated is None
        else tr("Rated {rated} kW", rated=formats.kw(float(rated)))
    )
    return [f"{device.name}, {device.external_id}", kind, power]


def _received(detail: MeterDetail) -> str:
    last = detail.last_reading
    if last is None:
        return ""
    parts = [part for part in (_voltage(last), _power(last), _register(last)) if part]
    words = ", ".join(parts) or formats.counted(len(last.values), "{count} quantity", "{count} quantities")
    return f"{words}{_plausible(last, detail)}"


def _voltage(last: LastReading) -> str:
    phases = [
        last.values[name] for name in ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v") if name in last.values
    ]
    if len(phases) > 1:
        return tr(
            "{phases} V on {phases_2} phases",
            phases=formats.number(sum(phases) / len(phases), 0),
            phases_2=len(phases),
        )
    one = phases[0] if phases else last.values.get("voltage_v")
    return "" if one is None else f"{formats.number(one, 0)} V"


def _power(last: LastReading) -> str:
    power = last.values.get("active_power_kw")
    return "" if power is None else f"{formats.kw(power)} kW"


def _register(last: LastReading) -> str:
    register = last.values.get("energy_imported_kwh")
    return "" if register is None else tr("register at {register} kWh", register=formats.number(register, 1))


def _plausible(last: LastReading, detail: MeterDetail) -> str:
    power, rated = last.values.get("active_power_kw"), detail.device.max_power_kw
    if power is None or rated is None:
        return ""
    words = f"{formats.kw(float(rated))} kW"
    if abs(power) > float(rated) * _DOUBTFUL:
        return tr(": more than the rated {words}. Check the CT ratio in the meter.", words=words)
    return tr(": plausible for {words}", words=words)


def _lamps(detail: MeterDetail) -> list[Lamp]:
    heard = [*detail.posts, *detail.unknown_posts]
    is_received = detail.device.last_reading_at is not None
    is_known = is_received or any(post.status != _UNAUTHORISED for post in detail.posts)
    is_refused = any(post.has_trouble for post in detail.posts)
    return [
        {"words": tr("Board reached the portal"), "tone": "ok" if heard or is_received else "wait"},
        {"words": tr("Token known"), "tone": "ok" if is_known else "fail" if heard else "wait"},
        {"words": tr("Reading accepted"), "tone": "ok" if is_received else "fail" if is_refused else "wait"},
    ]


def _log(detail: MeterDetail, zone: str, now: datetime) -> list[PostRow]:
    """Posts of the meter and those with unknown tokens together, newest first."""
    last4 = detail.device.token.last4
    rows: list[tuple[BoardPost, PostRow]] = [
        *zip(detail.posts, build_posts(detail.posts, zone, now), strict=True),
        *zip(detail.unknown_posts, build_unknown(detail.unknown_posts, last4, zone, now), strict=True),
    ]
    rows.sort(key=lambda pair: pair[0].posted_at, reverse=True)
    return [row for _, row in rows[:_MOST_SHOWN]]
