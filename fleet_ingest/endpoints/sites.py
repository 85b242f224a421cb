"""`/api/sites` and `/api/admin/sites`: the Client's sites and their devices."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from fleet_ingest.answers import json_answer, no_content
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import json_body
from fleet_ingest.payloads import (
    DeviceChange,
    IssuedDeviceAnswer,
    NewDevice,
    NewSite,
    SiteAnswer,
    SiteChange,
    SiteDeviceAnswer,
    SitesAnswer,
)
from portal.core.services import site_changes, sites

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.queries.sites import DeviceRow, SiteRow

CREATED = 201


async def get_sites(request: Request) -> Response:
    """List the sites, each with its devices."""
    await admin_of(request)
    stack = stack_of(request)
    devices: dict[UUID, list[SiteDeviceAnswer]] = defaultdict(list)
    for device in await sites.list_devices(stack):
        devices[device.site_id].append(_device(device))
    found = await sites.list_sites(stack)
    return json_answer(SitesAnswer(sites=[_site(site, devices[site.id]) for site in found]))


async def get_site(request: Request) -> Response:
    """Show one site with its devices."""
    await admin_of(request)
    return await _shown(request, _site_id(request))


async def post_site(request: Request) -> Response:
    """Add a site."""
    await admin_of(request)
    wanted = await json_body(request, NewSite)
    made = await site_changes.create_site(
        stack_of(request), wanted.name, address=wanted.address, municipality_id=wanted.municipality_id
    )
    return json_answer(_site(made, []), CREATED)


async def patch_site(request: Request) -> Response:
    """Change a site."""
    await admin_of(request)
    changes = await json_body(request, SiteChange)
    await site_changes.change_site(stack_of(request), _site_id(request), _given(changes))
    return await _shown(request, _site_id(request))


async def delete_site(request: Request) -> Response:
    """Delete a site that has no devices."""
    await admin_of(request)
    await site_changes.remove_site(stack_of(request), _site_id(request))
    return no_content()


async def post_device(request: Request) -> Response:
    """Add a device to a site and show its token once."""
    await admin_of(request)
    wanted = await json_body(request, NewDevice)
    device_id, token = await site_changes.create_device(stack_of(request), _site_id(request), _given(wanted))
    name, external_id = wanted.name.strip(), wanted.external_id.strip()
    return json_answer(
        IssuedDeviceAnswer(id=device_id, name=name, external_id=external_id, token=token), CREATED
    )


async def patch_device(request: Request) -> Response:
    """Change a device, or move it to another site."""
    await admin_of(request)
    changes = await json_body(request, DeviceChange)
    changed = await site_changes.change_device(
        stack_of(request), _site_id(request), _device_id(request), _given(changes)
    )
    return json_answer(_device(changed))


async def delete_device(request: Request) -> Response:
    """Delete a device that has no readings."""
    await admin_of(request)
    await site_changes.remove_device(stack_of(request), _site_id(request), _device_id(request))
    return no_content()


async def post_device_token(request: Request) -> Response:
    """Issue a new token for a device and show it once; the old one ends at once."""
    await admin_of(request)
    device_id = _device_id(request)
    name, external_id, token = await site_changes.rotate_device_token(
        stack_of(request), _site_id(request), device_id
    )
    return json_answer(IssuedDeviceAnswer(id=device_id, name=name, external_id=external_id, token=token))


async def _shown(request: Request, site_id: UUID) -> Response:
    site, devices = await site_changes.get_site(stack_of(request), site_id)
    return json_answer(_site(site, [_device(device) for device in devices]))


def _given(body: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that the body has, by their own names."""
    return {
        name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not msgspec.UNSET
    }


def _site_id(request: Request) -> UUID:
    return request.path_params["site_id"]


def _device_id(request: Request) -> UUID:
    return request.path_params["device_id"]


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
