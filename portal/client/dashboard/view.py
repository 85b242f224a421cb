"""What the dashboard shows, made from what the service knows. Pure: everything is text here, in the stack's zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.languages import tr
from portal.core.overview.service.overview import ClientOverview, SiteLine
from portal.ui import formats

# "Live" is a promise: a site that reports every quarter of an hour is well, but not live.
_LIVE = timedelta(minutes=5)
_NAMED_CLOCKS = 3


@dataclass(frozen=True)
class DashboardFigures:
    """The live figures on top."""

    power: str = formats.MISSING
    power_note: str = ""
    power_utc: str = ""
    today: str = formats.MISSING
    as_of: str = ""


@dataclass(frozen=True)
class SiteFigures:
    """One site in the list."""

    name: str
    details: str
    power: str
    today: str
    last_reading: str
    last_reading_utc: str
    status: str
    tone: str
    clock_note: str


@dataclass(frozen=True)
class DashboardView:
    """All that the page shows of one moment, but for the seal, the day and the month."""

    figures: DashboardFigures
    sites: list[SiteFigures]
    waiting_note: str
    is_empty: bool


def build_view(overview: ClientOverview, now: datetime) -> DashboardView:
    """Return what the page shows; `now` is aware."""
    return DashboardView(
        build_figures(overview, now),
        build_sites(overview, now),
        waiting_note(overview),
        not has_devices(overview),
    )


def build_figures(overview: ClientOverview, now: datetime) -> DashboardFigures:
    """Return the figures on top; `now` is aware."""
    return DashboardFigures(
        power=formats.kw(overview.power_kw),
        power_note=_power_note(overview, now),
        power_utc=formats.utc_time(overview.power_at),
        today=formats.kwh(overview.energy_today_kwh),
        as_of=formats.as_of(overview.as_of, overview.time_zone),
    )


def build_sites(overview: ClientOverview, now: datetime) -> list[SiteFigures]:
    """Return the list of sites, in the service's order."""
    return [_site_row(site, now) for site in overview.sites]


def has_devices(overview: ClientOverview) -> bool:
    """Tell whether there is any meter at all."""
    return any(site.device_count for site in overview.sites)


def waiting_note(overview: ClientOverview) -> str:
    """Return what is still missing while meters are set up but none has reported yet, or nothing."""
    if not has_devices(overview) or any(site.last_reading_at for site in overview.sites):
        return ""
    devices = formats.counted(
        sum(site.device_count for site in overview.sites), "{count} meter", "{count} meters"
    )
    return tr(
        "{devices} set up, and no reading yet. The first one appears here by itself, seconds "
        "after it arrives.",
        devices=devices,
    )


def _power_note(overview: ClientOverview, now: datetime) -> str:
    if overview.power_at is None:
        return tr("no reading yet")
    if overview.power_kw is None:
        return tr("last reading {power_at}", power_at=formats.relative(overview.power_at, now))
    return tr("measured {power_at}", power_at=formats.relative(overview.power_at, now))


def _site_row(site: SiteLine, now: datetime) -> SiteFigures:
    status, tone = _status(site, now)
    return SiteFigures(
        name=site.name,
        details=" · ".join(
            part
            for part in (
                site.municipality,
                formats.counted(site.device_count, "{count} meter", "{count} meters"),
            )
            if part
        ),
        power=formats.MISSING if site.power_kw is None else f"{formats.kw(site.power_kw)} kW",
        today=f"{formats.kwh(site.energy_today_kwh)} kWh",
        last_reading=formats.local_time(site.last_reading_at, site.time_zone),
        last_reading_utc=formats.utc_time(site.last_reading_at),
        status=status,
        tone=tone,
        clock_note=_clock_note(site),
    )


def _clock_note(site: SiteLine) -> str:
    """Name the meters whose clock is wrong; the first few of them."""
    named = [
        tr("{name}: clock {skew}", name=clock.name, skew=formats.clock_skew(clock.skew))
        for clock in site.clocks_off[:_NAMED_CLOCKS]
    ]
    more = len(site.clocks_off) - len(named)
    return ", ".join([*named, *([tr("and {more} more", more=more)] if more else [])])


def _status(site: SiteLine, now: datetime) -> tuple[str, str]:
    if site.device_count == 0:
        return tr("No meter"), "neutral"
    if site.last_reading_at is None:
        return tr("Waiting"), "neutral"
    if site.is_stale:
        return tr(
            "Silent, last {last_reading_at}", last_reading_at=formats.relative(site.last_reading_at, now)
        ), "warn"
    age = now - site.last_reading_at
    return (
        tr("Live")
        if age <= _LIVE
        else tr("Last {last_reading_at}", last_reading_at=formats.relative(site.last_reading_at, now))
    ), "ok"
