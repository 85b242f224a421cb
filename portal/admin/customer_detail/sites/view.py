"""A customer's sites and devices, as texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from portal.core.fleet.service.customers import CustomerDevice, CustomerSite
from portal.core.languages import tr
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.words import noted
from portal.ui import formats

# Only bulk meters are added up: what the others are stands beside their ids.
_KINDS = {DeviceKind.SUB: noted(", sub-meter"), DeviceKind.VIRTUAL: noted(", virtual")}


class DeviceFigures(TypedDict):
    """One device."""

    name: str
    external_id: str
    is_active: bool
    last_reading: str
    last_reading_utc: str
    today_kwh: str
    clock_note: str


class SiteCard(TypedDict):
    """One site with its devices."""

    name: str
    location: str
    is_active: bool
    device_count: str
    devices: list[DeviceFigures]


def build_sites(sites: Iterable[CustomerSite], now: datetime) -> list[SiteCard]:
    """One card per site."""
    return [_site(site, now) for site in sites]


def as_of(sites: Sequence[CustomerSite], zone: str) -> str:
    """How far the energy of the devices goes; the sites were read together."""
    return formats.as_of(sites[0].energy_as_of, zone) if sites else ""


def _site(site: CustomerSite, now: datetime) -> SiteCard:
    location = [part for part in (site.municipality or tr("No municipality"), site.address) if part]
    return {
        "name": site.name,
        "location": " \u00b7 ".join(location),
        "is_active": site.is_active,
        "device_count": formats.counted(len(site.devices), "{count} device", "{count} devices"),
        "devices": [_device(device, now) for device in site.devices],
    }


def _clock_note(skew_seconds: int | None) -> str:
    return (
        ""
        if skew_seconds is None
        else tr("Clock {timedelta}", timedelta=formats.clock_skew(timedelta(seconds=skew_seconds)))
    )


def _device(device: CustomerDevice, now: datetime) -> DeviceFigures:
    return {
        "name": device.name,
        "external_id": device.external_id + tr(_KINDS.get(device.kind, "")),
        "is_active": device.is_active,
        "last_reading": tr("calculated")
        if device.kind is DeviceKind.VIRTUAL
        else formats.relative(device.last_reading_at, now),
        "last_reading_utc": formats.utc_time(device.last_reading_at),
        "today_kwh": formats.number(device.energy_today_kwh, 2),
        "clock_note": _clock_note(device.clock_skew_seconds),
    }
