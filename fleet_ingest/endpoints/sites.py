"""`GET /api/sites`: the Client's sites and their devices."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.payloads import SiteAnswer, SiteDeviceAnswer, SitesAnswer
from portal.core.services import sites

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.queries.sites import DeviceRow, SiteRow


async def get_sites(request: Request) -> Response:
    """List the sites, each with its devices."""
    await admin_of(request)
    stack = stack_of(request)
    devices: dict[UUID, list[SiteDeviceAnswer]] = defaultdict(list)
    for device in await sites.list_devices(stack):
        devices[device.site_id].append(_device(device))
    found = await sites.list_sites(stack)
    return json_answer(SitesAnswer(sites=[_site(site, devices[site.id]) for site in found]))


def _site(site: SiteRow, devices: list[SiteDeviceAnswer]) -> SiteAnswer:
    return SiteAnswer(
        id=site.id,
        name=site.name,
        address=site.address,
        municipality_id=site.municipality_id,
        municipality=site.municipality,
        time_zone_id=site.time_zone_id,
        is_active=site.is_active,
        devices=devices,
    )


def _device(device: DeviceRow) -> SiteDeviceAnswer:
    return SiteDeviceAnswer(
        id=device.id,
        name=device.name,
        external_id=device.external_id,
        description=device.description,
        max_power_kw=device.max_power_kw,
        is_active=device.is_active,
        last_reading_at=device.last_reading_at,
    )
