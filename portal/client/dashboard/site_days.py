"""What each site used in a day and what that cost, as the dashboard shows it. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypedDict
from urllib.parse import urlencode
from uuid import UUID

from portal.client.nav import DASHBOARDS
from portal.core.cost.rules.cost import DeviceCost
from portal.core.languages import tr
from portal.core.overview.rules.outlook import NOT_PRICED, ClientOutlook, SiteDay
from portal.core.values.money import kwh_from_milliwh
from portal.features.cost.hues import hues_of, period_rank
from portal.ui import formats, tokens

_FEWEST_HOURS: Final = 3


class SitePart(TypedDict):
    """A part of a site's bar: its hue and its width, in percent of the widest bar."""

    hue: str
    width: str


class SiteCostRow(TypedDict):
    """A site's day: energy with how usual it is, its bar, and what it cost."""

    name: str
    href: str
    kwh: str
    note: str
    parts: list[SitePart]
    cost: str


def build_site_days(
    outlook: ClientOutlook, devices: Sequence[DeviceCost], currency: str
) -> list[SiteCostRow]:
    """Return the sites, the dearest first; `devices` are those of a cost report of the same day."""
    cost_of: dict[UUID | None, Decimal] = {}
    for device in devices:
        cost_of[device.site_id] = cost_of.get(device.site_id, Decimal(0)) + device.total
    most = max((sum(site.milliwh_of.values()) for site in outlook.sites), default=0)
    hues = hues_of({name for site in outlook.sites for name in site.milliwh_of}) | {
        NOT_PRICED: tokens.DEFAULT_RATE
    }
    ordered = sorted(outlook.sites, key=lambda site: (-cost_of.get(site.id, Decimal(0)), site.name))
    return [_row(site, cost_of.get(site.id), outlook, most, hues, currency) for site in ordered]


def _row(
    site: SiteDay,
    cost: Decimal | None,
    outlook: ClientOutlook,
    most: int,
    hues: Mapping[str | None, str],
    currency: str,
) -> SiteCostRow:
    energy = sum(site.milliwh_of.values())
    query = urlencode({"sites": str(site.id), "on": outlook.day.isoformat()})
    return SiteCostRow(
        name=site.name,
        href=f"{DASHBOARDS}?{query}",
        kwh=f"{formats.kwh(kwh_from_milliwh(energy))} kWh"
        if site.known_hours or energy
        else tr("no readings"),
        note=_note(site),
        parts=[
            SitePart(hue=hues[name], width=f"{site.milliwh_of[name] / most * 100:.2f}%")
            for name in sorted(site.milliwh_of, key=period_rank)
            if most > 0 and site.milliwh_of[name] > 0
        ],
        cost=formats.MISSING
        if cost is None or set(site.milliwh_of) <= {NOT_PRICED}
        else formats.money(cost, currency),
    )


def _note(site: SiteDay) -> str:
    """How usual it is in the same hours, or how much of it is known."""
    if site.known_hours < site.over_hours:
        return tr(
            "{known_hours} of {over_hours} h known", known_hours=site.known_hours, over_hours=site.over_hours
        )
    if not site.usual_milliwh or site.known_hours < _FEWEST_HOURS:
        return ""
    now, usual = Decimal(sum(site.milliwh_of.values())), Decimal(site.usual_milliwh)
    return formats.change_beside(now, usual, tr("usual"))
