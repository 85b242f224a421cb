"""What a Client serves of its sites and devices: read below `/api/sites`, read and changed below `/api/admin/sites`."""

from __future__ import annotations

from dataclasses import replace

from fleet_ingest import fields, payloads, requests
from fleet_ingest.endpoints import sites
from fleet_ingest.operations import Operation

_CREATED, _NO_CONTENT = 201, 204
_SITE = "/admin/sites/{site_id:uuid}"
_DEVICE = f"{_SITE}/devices/{{device_id:uuid}}"
_DEVICE_EXAMPLE: dict[str, object] = {"name": "Main incomer", "externalId": "main-1", "maxPowerKw": 100}
_ISSUED = {"id": fields.DEVICE_ID, "name": "Main incomer", "externalId": "main-1", "token": fields.TOKEN}
_CHANGE_ERRORS = (404, 408, 409, 412, 413)

_READ = (
    Operation(
        "GET",
        "/sites",
        sites.get_sites,
        payloads.SitesAnswer,
        parameters=fields.PAGE,
        tag="Sites",
        headers=("Link",),
    ),
    Operation(
        "GET",
        "/sites/{site_id:uuid}",
        sites.get_site,
        payloads.SiteAnswer,
        errors=(404,),
        tag="Sites",
        headers=("ETag",),
    ),
    Operation(
        "GET",
        "/sites/{site_id:uuid}/devices",
        sites.get_devices,
        payloads.DevicesAnswer,
        parameters=fields.PAGE,
        errors=(404,),
        tag="Devices",
        headers=("Link",),
    ),
    Operation(
        "GET",
        "/sites/{site_id:uuid}/devices/{device_id:uuid}",
        sites.get_device,
        payloads.SiteDeviceAnswer,
        errors=(404,),
        tag="Devices",
        headers=("ETag",),
    ),
    Operation(
        "GET",
        "/sites/{site_id:uuid}/devices/{device_id:uuid}/posts",
        sites.get_posts,
        payloads.DevicePostsAnswer,
        errors=(404,),
        tag="Devices",
    ),
)
# Where a thing is changed, it can be read as well.
_READ_TO_CHANGE = tuple(
    replace(operation, path=f"/admin{operation.path}", name=f"{operation.handler.__name__}_to_change")
    for operation in _READ
)
_CHANGE_SITES = (
    Operation(
        "POST",
        "/admin/sites",
        sites.post_site,
        payloads.SiteAnswer,
        body=(requests.NewSite,),
        errors=(404, 408, 409, 413),
        success=_CREATED,
        example={"name": "Head office", "address": "1 Main Road"},
        tag="Sites",
        headers=("ETag", "Location"),
    ),
    Operation(
        "PATCH",
        _SITE,
        sites.patch_site,
        payloads.SiteAnswer,
        body=(requests.SiteChange,),
        parameters=(fields.IF_MATCH,),
        errors=_CHANGE_ERRORS,
        example={"name": "Head office", "isActive": True},
        tag="Sites",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _SITE,
        sites.delete_site,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        success=_NO_CONTENT,
        tag="Sites",
    ),
)
_CHANGE_DEVICES = (
    Operation(
        "POST",
        f"{_SITE}/devices",
        sites.post_device,
        payloads.IssuedDeviceAnswer,
        body=(requests.NewDevice,),
        errors=(404, 408, 409, 413),
        success=_CREATED,
        example=_DEVICE_EXAMPLE,
        answer_example=_ISSUED,
        tag="Devices",
        headers=("Location",),
    ),
    Operation(
        "PATCH",
        _DEVICE,
        sites.patch_device,
        payloads.SiteDeviceAnswer,
        body=(requests.DeviceChange,),
        parameters=(fields.IF_MATCH,),
        errors=_CHANGE_ERRORS,
        example={"description": "basement", "isActive": True},
        tag="Devices",
        headers=("ETag",),
    ),
    Operation(
        "DELETE",
        _DEVICE,
        sites.delete_device,
        None,
        parameters=(fields.IF_MATCH,),
        errors=(404, 409, 412),
        success=_NO_CONTENT,
        tag="Devices",
    ),
    Operation(
        "POST",
        f"{_DEVICE}/rotate-token",
        sites.post_device_token,
        payloads.IssuedDeviceAnswer,
        body=(requests.DeviceRotation,),
        parameters=(fields.IF_MATCH,),
        errors=(404, 408, 412, 413),
        example={"graceHours": 24},
        answer_example=_ISSUED,
        tag="Devices",
    ),
)
SITES = (*_READ, *_READ_TO_CHANGE, *_CHANGE_SITES, *_CHANGE_DEVICES)
