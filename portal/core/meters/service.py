"""The meters of a Client at present, for those who look after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core import energy
from portal.core.cost.queries.calendars import zone_named
from portal.core.errors import NotFound
from portal.core.meters import queries
from portal.core.meters.rules.losses import NotMeasured, not_measured_below, virtual_figure
from portal.core.readings.queries import measurements
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.sites.queries import device_posts, devices, sites
from portal.core.sites.rules.meter_tree import DeviceKind
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import local_midnight, present_until
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from portal.core.energy.rules.as_of import AsOf
    from portal.core.sites.queries.devices import StoredDevice
    from portal.core.sites.queries.sites import StoredSite
    from portal.core.sites.rules.device_posts import BoardPost
    from portal.core.stack import Stack

STALE_AFTER = timedelta(minutes=30)
_MOMENT = timedelta(microseconds=1)
_UNKNOWN_SHOWN = 20


@dataclass(frozen=True)
class MeterNow:
    """A meter at present, `depth` meters below its site.

    `power_kw` is of a last reading within the half hour, `energy_today_kwh` since local midnight, None where nothing
    was read since. `not_measured` is what none of the meters just below it measured today. A virtual meter's figures
    are those of its meters, None where one of them has none.
    """

    device: StoredDevice
    depth: int
    power_kw: float | None
    energy_today_kwh: Decimal | None
    newest_post: BoardPost | None
    not_measured: NotMeasured | None = None


@dataclass(frozen=True)
class SiteNow:
    """A site and its meters, each after the one above it; the sums are of its bulk meters."""

    site: StoredSite
    time_zone: str
    meters: tuple[MeterNow, ...]
    power_kw: float | None
    energy_today_kwh: Decimal | None


@dataclass(frozen=True)
class MetersNow:
    """Every site by name."""

    sites: tuple[SiteNow, ...]
    as_of: AsOf


@dataclass(frozen=True)
class LastReading:
    """A meter's last reading: when, and the quantities it has, by their names and in their units."""

    at: datetime
    values: Mapping[str, float]


@dataclass(frozen=True)
class MeterDetail:
    """One meter of a site: its last reading, the last posts of its board, and posts with tokens that nobody has."""

    device: StoredDevice
    site: StoredSite
    time_zone: str
    last_reading: LastReading | None
    posts: tuple[BoardPost, ...]
    unknown_posts: tuple[BoardPost, ...]


async def meters_now(stack: Stack) -> MetersNow:
    """Return every site with its meters as a tree."""
    now = stack.clock().astimezone(UTC)
    async with energy.counted(stack) as counted:
        session = counted.session
        known_sites = await sites.list_sites(session)
        meters = await devices.list_devices(session, now)
        posts = await device_posts.newest_posts(session)
        power = await queries.present_power(session, now - STALE_AFTER, present_until(now))
        zones = {site.id: _zone(stack, site) for site in known_sites}
        starts = {meter.id: _midnight(now, zones[meter.site_id]) for meter in meters}
        used = await queries.energy_since(counted, starts)
    figures = _figures(meters, power, used, starts)
    found = _Found(figures, posts)
    return MetersNow(
        tuple(
            _site_now(site, zones[site.id], [meter for meter in meters if meter.site_id == site.id], found)
            for site in known_sites
        ),
        counted.as_of,
    )


async def meter_detail(
    stack: Stack, device_id: UUID, *, unknown_since: datetime | None = None
) -> MeterDetail:
    """Return one meter, with posts of unknown tokens since an instant, by default of the last hour.

    Raises `NotFound`.
    """
    now = stack.clock().astimezone(UTC)
    async with stack.db.snapshot() as session:
        device = await devices.get_device(session, device_id, now)
        site = None if device is None else await sites.get_site(session, device.site_id)
        if device is None or site is None:
            message = noted("There is no such meter any more")
            raise NotFound(message)
        key = await measurements.key_of(session, device_id)
        last = None
        if key is not None and device.last_reading_at is not None:
            at = device.last_reading_at
            rows = await measurements.raw(session, measurements.MeasurementsAsked(key, at, at + _MOMENT), 1)
            last = _last_reading(rows)
        since = unknown_since or now - timedelta(hours=1)
        return MeterDetail(
            device,
            site,
            _zone(stack, site),
            last,
            await device_posts.posts_of(session, device_id),
            await device_posts.unknown_posts(session, since, _UNKNOWN_SHOWN),
        )


class _Figures(NamedTuple):
    power_kw: float | None
    kwh: Decimal | None


class _Found(NamedTuple):
    figures: Mapping[UUID, _Figures]
    posts: Mapping[UUID, BoardPost]


def _zone(stack: Stack, site: StoredSite) -> str:
    own = stack.settings.application.time_zone
    return own if site.time_zone_id is None or zone_named(site.time_zone_id) is None else site.time_zone_id


def _midnight(now: datetime, zone_id: str) -> datetime:
    zone = ZoneInfo(zone_id)
    return local_midnight(now.astimezone(zone).date(), zone)


def _last_reading(rows: list[measurements.MeasurementRow]) -> LastReading | None:
    if not rows:
        return None
    values = zip(ALL_QUANTITIES, rows[0].values, strict=True)
    return LastReading(rows[0].at, {each.name: value for each, value in values if value is not None})


def _figures(
    meters: Iterable[StoredDevice],
    power: Mapping[UUID, float | None],
    used: Mapping[UUID, int],
    starts: Mapping[UUID, datetime],
) -> dict[UUID, _Figures]:
    found: dict[UUID, _Figures] = {}
    virtual: list[StoredDevice] = []
    for meter in meters:
        if meter.formula is not None:
            virtual.append(meter)
            continue
        # No reading today is not nothing used.
        is_read = meter.last_reading_at is not None and meter.last_reading_at >= starts[meter.id]
        kwh = kwh_from_milliwh(used.get(meter.id, 0)) if is_read or meter.id in used else None
        found[meter.id] = _Figures(power.get(meter.id), kwh)
    powers = {key: figures.power_kw for key, figures in found.items()}
    energies = {key: figures.kwh for key, figures in found.items()}
    for meter in virtual:
        if meter.formula is not None:
            found[meter.id] = _Figures(
                virtual_figure(meter.formula, powers), virtual_figure(meter.formula, energies)
            )
    return found


def _site_now(site: StoredSite, zone: str, meters: list[StoredDevice], found: _Found) -> SiteNow:
    below: dict[UUID | None, list[StoredDevice]] = {}
    for meter in sorted(meters, key=lambda meter: (meter.kind is DeviceKind.VIRTUAL, meter.name.lower())):
        below.setdefault(meter.parent_id, []).append(meter)
    shown: list[MeterNow] = []

    def show(parent: UUID | None, depth: int) -> None:
        for meter in below.get(parent, ()):
            figures = found.figures[meter.id]
            subs = [each for each in below.get(meter.id, ()) if each.kind is DeviceKind.SUB]
            rest = not_measured_below(figures.kwh, [found.figures[each.id].kwh for each in subs])
            post = found.posts.get(meter.id)
            shown.append(MeterNow(meter, depth, figures.power_kw, figures.kwh, post, rest))
            show(meter.id, depth + 1)

    show(None, 0)
    bulk = [found.figures[meter.id] for meter in meters if meter.kind is DeviceKind.BULK]
    powers = [figures.power_kw for figures in bulk if figures.power_kw is not None]
    energies = [figures.kwh for figures in bulk if figures.kwh is not None]
    return SiteNow(
        site,
        zone,
        tuple(shown),
        sum(powers) if powers else None,
        sum(energies, Decimal(0)) if energies else None,
    )
