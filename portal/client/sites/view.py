"""What the list of sites shows, as texts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from portal.client.sites.status import MeterStatus, status_of
from portal.core.languages import tr
from portal.core.meters.rules.losses import NotMeasured
from portal.core.meters.service import MeterNow, MetersNow, SiteNow
from portal.core.sites.rules.meter_tree import DeviceKind, Formula
from portal.core.sites.service.devices import StoredDevice
from portal.core.words import noted
from portal.ui import formats

KIND_WORDS = {
    DeviceKind.BULK: noted("Bulk"),
    DeviceKind.SUB: noted("Sub"),
    DeviceKind.VIRTUAL: noted("Virtual"),
}
_DEEPEST_SHOWN = 4


class MeterLine(TypedDict):
    """A meter in the list. `depth` is "0" at its site, and more the deeper below others."""

    id: str
    name: str
    kind: str
    kind_word: str
    depth: str
    note: str
    status: str
    tone: str
    meaning: str
    power: str
    today: str
    last_reading: str
    is_active: bool


class SiteSection(TypedDict):
    """A site with its meters."""

    id: str
    name: str
    address: str
    municipality: str
    power: str
    today: str
    is_active: bool
    meters: list[MeterLine]
    has_meters: bool


@dataclass(frozen=True)
class SitesView:
    """All that the list shows of one moment."""

    cards: list[SiteSection] = field(default_factory=list)
    summary: str = ""
    as_of: str = ""


def build_sites(found: MetersNow, now: datetime, zone: str) -> SitesView:
    """Return the list; `now` is aware, `zone` the one that the page says how far the figures go in."""
    statuses = {meter.device.id: status_of(meter, now) for site in found.sites for meter in site.meters}
    cards = [
        _card(site, [_row(meter, site, statuses[meter.device.id], now) for meter in site.meters])
        for site in found.sites
    ]
    meters = [meter for site in found.sites for meter in site.meters]
    return SitesView(
        cards, _summary(found.sites, meters, statuses.values()), formats.as_of(found.as_of, zone)
    )


def formula_in_words(formula: Formula, named: Iterable[StoredDevice]) -> str:
    """Say what a virtual meter is: `Main less Workshop and Data room`."""
    names = {device.id: device.name for device in named}
    plus, minus = (
        [names.get(term, "a meter that is gone") for term in terms] for terms in (formula.plus, formula.minus)
    )
    words = _listed(plus)
    return tr("{words} less {minus}", words=words, minus=_listed(minus)) if minus else words


def losses_in_words(rest: NotMeasured) -> str:
    """Say what no meter below measured today: `47.9 kWh (5.6 %) of it not measured below today`."""
    share = "" if rest.share is None else f" ({formats.number(abs(rest.share) * 100, 1)}\u00a0%)"
    size = f"{formats.kwh(abs(rest.kwh))}\u00a0kWh{share}"
    return (
        tr("Meters below show {size} more today", size=size)
        if rest.kwh < 0
        else tr("{size} of it not measured below today", size=size)
    )


def _card(site: SiteNow, rows: list[MeterLine]) -> SiteSection:
    return {
        "id": str(site.site.id),
        "name": site.site.name,
        "address": site.site.address,
        "municipality": site.site.municipality or "",
        "power": "" if site.power_kw is None else f"{formats.kw(site.power_kw)} kW",
        "today": "" if site.energy_today_kwh is None else f"{formats.kwh(site.energy_today_kwh)} kWh",
        "is_active": site.site.is_active,
        "meters": rows,
        "has_meters": bool(rows),
    }


def _row(meter: MeterNow, site: SiteNow, status: MeterStatus, now: datetime) -> MeterLine:
    device = meter.device
    return {
        "id": str(device.id),
        "name": device.name,
        "kind": device.kind.value,
        "kind_word": tr(KIND_WORDS[device.kind]),
        "depth": str(min(meter.depth, _DEEPEST_SHOWN)),
        "note": _note(meter, site),
        "status": status.word,
        "tone": status.tone,
        "meaning": status.meaning,
        "power": formats.MISSING if meter.power_kw is None else f"{formats.kw(meter.power_kw)} kW",
        "today": formats.MISSING
        if meter.energy_today_kwh is None
        else f"{formats.kwh(meter.energy_today_kwh)} kWh",
        "last_reading": formats.relative(device.last_reading_at, now),
        "is_active": device.is_active,
    }


def _note(meter: MeterNow, site: SiteNow) -> str:
    device = meter.device
    if device.formula is not None:
        return formula_in_words(device.formula, (each.device for each in site.meters))
    if meter.not_measured is not None and not _has_own_rest(meter, site):
        return losses_in_words(meter.not_measured)
    return ""


def _has_own_rest(meter: MeterNow, site: SiteNow) -> bool:
    """Whether a virtual meter says the same: this one less all that are just below it."""
    below = {
        each.device.id
        for each in site.meters
        if each.device.parent_id == meter.device.id and each.device.kind is DeviceKind.SUB
    }
    formulas = (each.device.formula for each in site.meters)
    return any(
        formula.plus == (meter.device.id,) and set(formula.minus) == below for formula in formulas if formula
    )


def _summary(sites: Iterable[SiteNow], meters: list[MeterNow], statuses: Iterable[MeterStatus]) -> str:
    virtual = sum(1 for meter in meters if meter.device.kind is DeviceKind.VIRTUAL)
    parts = [
        formats.counted(len(list(sites)), "{count} site", "{count} sites"),
        formats.counted(len(meters) - virtual, "{count} meter", "{count} meters"),
    ]
    if virtual:
        parts.append(tr("{virtual} virtual", virtual=virtual))
    troubled: dict[str, int] = {}
    for status in statuses:
        if status.is_trouble:
            troubled[status.word.lower()] = troubled.get(status.word.lower(), 0) + 1
    trouble = ", ".join(f"{count} {word}" for word, count in troubled.items())
    return f"{', '.join(parts)}; {trouble}" if trouble else ", ".join(parts)


def _listed(names: list[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else tr("{names} and {names_2}", names=", ".join(names[:-1]), names_2=names[-1])
    )
