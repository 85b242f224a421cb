"""`/api/sites` and `/api/admin/sites`: the Client's sites and their devices."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fleet_ingest.answers import json_answer, no_content, page_answer, thing_answer
from fleet_ingest.auth import admin_of
from fleet_ingest.context import stack_of
from fleet_ingest.parameters import expected_versions, json_body, page_asked
from fleet_ingest.payloads import (
    DevicePostAnswer,
    DevicePostsAnswer,
    DevicesAnswer,
    IssuedDeviceAnswer,
    SiteAnswer,
    SiteDeviceAnswer,
    SitesAnswer,
)
from fleet_ingest.requests import DeviceChange, DeviceRotation, NewDevice, NewSite, SiteChange
from portal.core.errors import Invalid
from portal.core.sites.rules.meter_tree import Formula
from portal.core.sites.rules.rated_power import rated_kw_given
from portal.core.sites.rules.sites import DeviceEdits, SiteEdits
from portal.core.sites.service import device_posts, devices, sites
from portal.core.sites.wire import FormulaRow, formula_row
from portal.core.values.time import whole_seconds

if TYPE_CHECKING:
    from uuid import UUID

    from msgspec import UnsetType
    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.sites.service.device_posts import BoardPost
    from portal.core.sites.service.devices import IssuedDevice, StoredDevice
    from portal.core.sites.service.sites import StoredSite

CREATED = 201


async def get_sites(request: Request) -> Response:
    """Page through the sites, each with its devices."""
    await admin_of(request)
    page, devices = await sites.page_of_sites(stack_of(request), page_asked(request, 1))
    at: dict[UUID, list[SiteDeviceAnswer]] = defaultdict(list)
    for device in devices:
        at[device.site_id].append(_device(device))
    shown = [_site(site, at[site.id]) for site in page.items]
    return page_answer(request, SitesAnswer(sites=shown, next=page.next), page.next)


async def get_site(request: Request) -> Response:
    """Show one site with its devices."""
    await admin_of(request)
    return await _shown(request, _site_id(request))


async def post_site(request: Request) -> Response:
    """Add a site."""
    await admin_of(request)
    wanted = await json_body(request, NewSite)
    made = await sites.add_site(
        stack_of(request),
        wanted.name,
        address=wanted.address,
        municipality=wanted.municipality_id,
        is_active=wanted.is_active,
        said=_site_said(wanted),
    )
    return thing_answer(_site(made, []), made.version, CREATED, f"{request.url.path}/{made.id}")


async def patch_site(request: Request) -> Response:
    """Change a site."""
    await admin_of(request)
    changes, site_id = await json_body(request, SiteChange), _site_id(request)
    _check_id("id", changes.said().get("id"), site_id)
    edits, said, expected = SiteEdits(**changes.given()), _site_said(changes), expected_versions(request)
    await sites.change_site(stack_of(request), site_id, edits, said=said, expected=expected)
    return await _shown(request, site_id)


async def delete_site(request: Request) -> Response:
    """Delete a site that has no devices."""
    await admin_of(request)
    await sites.remove_site(stack_of(request), _site_id(request), expected=expected_versions(request))
    return no_content()


async def get_devices(request: Request) -> Response:
    """Page through a site's devices."""
    await admin_of(request)
    asked = page_asked(request, 3)
    page = await devices.list_site_devices(stack_of(request), _site_id(request), asked)
    shown = [_device(device) for device in page.items]
    return page_answer(request, DevicesAnswer(devices=shown, next=page.next), page.next)


async def get_device(request: Request) -> Response:
    """Show one device of a site."""
    await admin_of(request)
    found = await devices.get_device(stack_of(request), _site_id(request), _device_id(request))
    return thing_answer(_device(found), found.version)


async def get_posts(request: Request) -> Response:
    """Show a device's last posts, and why any was refused."""
    await admin_of(request)
    stack, device_id = stack_of(request), _device_id(request)
    await devices.get_device(stack, _site_id(request), device_id)
    heard = await device_posts.last_posts(stack, device_id)
    return json_answer(DevicePostsAnswer(posts=[_post(post) for post in heard.posts]))


async def post_device(request: Request) -> Response:
    """Add a device to a site and show its token once."""
    await admin_of(request)
    wanted, site_id = await json_body(request, NewDevice), _site_id(request)
    _check_id("siteId", wanted.said().get("site_id"), site_id)
    issued = await devices.add_device(
        stack_of(request),
        wanted.name,
        site=site_id,
        external_id=wanted.external_id,
        description=wanted.description,
        max_power_kw=rated_kw_given(wanted.max_power_kw, wanted.ct_primary_a, wanted.nominal_voltage_v),
        register_digits=wanted.register_digits,
        is_active=wanted.is_active,
        parent_id=wanted.parent_id,
        formula=_formula(wanted.formula),
    )
    return json_answer(_issued(issued), CREATED, {"Location": f"{request.url.path}/{issued.id}"})


async def patch_device(request: Request) -> Response:
    """Change a device, or move it to another site."""
    await admin_of(request)
    changes, device_id = await json_body(request, DeviceChange), _device_id(request)
    _check_id("id", changes.said().get("id"), device_id)
    edits, expected = DeviceEdits(**changes.given()), expected_versions(request)
    if "formula" in edits:
        edits["formula"] = _formula(changes.formula)
    changed = await devices.change_device(
        stack_of(request), _site_id(request), device_id, edits, expected=expected
    )
    return thing_answer(_device(changed), changed.version)


async def delete_device(request: Request) -> Response:
    """Delete a device that has no readings."""
    await admin_of(request)
    site_id, device_id, expected = _site_id(request), _device_id(request), expected_versions(request)
    await devices.remove_device(stack_of(request), site_id, device_id, expected=expected)
    return no_content()


async def post_device_token(request: Request) -> Response:
    """Issue a new token for a device and show it once; the old one ends at once, or after the grace asked for."""
    await admin_of(request)
    rotation = await json_body(request, DeviceRotation)
    site_id, device_id, expected = _site_id(request), _device_id(request), expected_versions(request)
    issued = await devices.rotate_device_token(
        stack_of(request), device_id, site_id=site_id, grace_hours=rotation.grace_hours, expected=expected
    )
    return json_answer(_issued(issued))


async def _shown(request: Request, site_id: UUID) -> Response:
    site, devices = await sites.get_site(stack_of(request), site_id)
    return thing_answer(_site(site, [_device(device) for device in devices]), site.version)


def _site_said(body: NewSite | SiteChange) -> dict[str, object]:
    """Return what a body says of a site that follows from something else; its devices change by themselves."""
    return {name: value for name, value in body.said().items() if name in {"municipality", "time_zone_id"}}


def _check_id(name: str, said: object, there: UUID) -> None:
    """Refuse a body that is of another thing than the address. Raises `Invalid`."""
    if said not in {None, there}:
        message = f"'{name}' is another one's than the address names"
        raise Invalid(message)


def _site_id(request: Request) -> UUID:
    return request.path_params["site_id"]


def _device_id(request: Request) -> UUID:
    return request.path_params["device_id"]


def _issued(issued: IssuedDevice) -> IssuedDeviceAnswer:
    return IssuedDeviceAnswer(
        id=issued.id, name=issued.name, external_id=issued.external_id, token=issued.token
    )


def _formula(row: FormulaRow | UnsetType | None) -> Formula | None:
    return Formula(tuple(row.plus), tuple(row.minus)) if isinstance(row, FormulaRow) else None


def _site(site: StoredSite, devices: list[SiteDeviceAnswer]) -> SiteAnswer:
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


def _post(post: BoardPost) -> DevicePostAnswer:
    return DevicePostAnswer(**{name: getattr(post, name) for name in DevicePostAnswer.__struct_fields__})


def _device(device: StoredDevice) -> SiteDeviceAnswer:
    return SiteDeviceAnswer(
        id=device.id,
        site_id=device.site_id,
        name=device.name,
        external_id=device.external_id,
        description=device.description,
        max_power_kw=device.max_power_kw,
        register_digits=device.register_digits,
        is_active=device.is_active,
        last_reading_at=device.last_reading_at,
        clock_skew_seconds=None if device.clock_skew is None else whole_seconds(device.clock_skew),
        kind=device.kind.value,
        parent_id=device.parent_id,
        formula=formula_row(device.formula),
        token_last4=device.token.last4,
        token_issued_at=device.token.issued_at,
        previous_token_expires_at=device.token.previous_expires_at,
    )
