"""Changing and removing sites and devices of a Client, and new tokens for devices, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.core.domain.rated_power import rated_kw
from portal.core.domain.texts import LONGEST_EXTERNAL_ID, LONGEST_NAME, LONGEST_TEXT, sound_name, sound_text
from portal.core.domain.tokens import new_device_token, token_hash
from portal.core.errors import Conflict, HasHistory, NotFound
from portal.core.queries import audit
from portal.core.queries import sites as queries
from portal.core.queries.sites import DeviceRow, SiteRow

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.stack import Stack

_NO_SITE = "There is no such site"
_NO_DEVICE = "There is no such device at this site"
_NO_MUNICIPALITY = "There is no such municipality"


async def create_site(
    stack: Stack, name: str, *, address: str = "", municipality_id: int | None = None
) -> SiteRow:
    """Add a site. Raises `NotFound` for an unknown municipality, `Conflict` for a taken name, `Invalid`."""
    label, place = sound_name("name", name, LONGEST_NAME), sound_text("address", address, LONGEST_TEXT)
    async with stack.db.transaction() as session:
        if municipality_id is not None and not await queries.municipality_exists(session, municipality_id):
            raise NotFound(_NO_MUNICIPALITY)
        site_id = await queries.insert_site(session, label, place, municipality_id)
        made = None if site_id is None else await queries.get_site(session, site_id)
    if made is None:
        message = f"There is a site named {label!r} already"
        raise Conflict(message)
    return made


async def get_site(stack: Stack, site_id: UUID) -> tuple[SiteRow, tuple[DeviceRow, ...]]:
    """Return a site and its devices. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        site = await queries.get_site(session, site_id)
        if site is None:
            raise NotFound(_NO_SITE)
        devices = await queries.list_devices(session)
    return site, tuple(device for device in devices if device.site_id == site_id)


async def change_site(stack: Stack, site_id: UUID, changes: dict[str, Any]) -> None:
    """Change `name`, `address`, `municipality_id` or `is_active` of a site, whichever are given.

    Raises `NotFound` for an unknown site or municipality, `Conflict` for a taken name, `Invalid`.
    """
    changes = _cleaned(changes)
    async with stack.db.transaction() as session:
        if "name" in changes and await queries.name_is_taken(session, changes["name"], site_id):
            message = f"There is a site named {changes['name']!r} already"
            raise Conflict(message)
        municipality_id = changes.get("municipality_id")
        if municipality_id is not None and not await queries.municipality_exists(session, municipality_id):
            raise NotFound(_NO_MUNICIPALITY)
        if not await queries.update_site(session, site_id, changes):
            raise NotFound(_NO_SITE)


async def remove_site(stack: Stack, site_id: UUID) -> None:
    """Delete a site. Raises `NotFound`, and `Conflict` while it has devices."""
    async with stack.db.transaction() as session:
        if await queries.device_ids(session, site_id):
            message = "The site has devices: move or delete them first, or make the site inactive"
            raise Conflict(message)
        if not await queries.delete_site(session, site_id):
            raise NotFound(_NO_SITE)


async def create_device(stack: Stack, site_id: UUID, values: dict[str, Any]) -> tuple[UUID, str]:
    """Add a device (`name`, `external_id`, `description`, `max_power_kw`) to a site; returns its id and its token.

    Raises `NotFound` for an unknown site, `Conflict` for a taken external id, `Invalid`.
    """
    token = new_device_token()
    row: dict[str, Any] = {"description": "", "max_power_kw": None, **_cleaned(values)}
    async with stack.db.transaction() as session:
        if await queries.get_site(session, site_id) is None:
            raise NotFound(_NO_SITE)
        made = await queries.insert_device(
            session, {**row, "site_id": site_id, "token_hash": token_hash(token)}
        )
        if made is None:
            message = f"There is a device with external id {row['external_id']!r} already"
            raise Conflict(message)
        await audit.record(session, "device.added", row["external_id"], row["name"])
    return made, token


async def change_device(stack: Stack, site_id: UUID, device_id: UUID, changes: dict[str, Any]) -> DeviceRow:
    """Change `name`, `external_id`, `description`, `max_power_kw`, `is_active` or `site_id` of a site's device.

    With another rated power its readings are judged anew. Raises `NotFound` for an unknown site or device, `Conflict`
    for a taken external id, `Invalid`.
    """
    changes = _cleaned(changes)
    async with stack.db.transaction() as session:
        external_id = changes.get("external_id")
        if external_id and await queries.external_id_is_taken(session, external_id, device_id):
            message = f"There is a device with external id {external_id!r} already"
            raise Conflict(message)
        if "site_id" in changes and await queries.get_site(session, changes["site_id"]) is None:
            raise NotFound(_NO_SITE)
        power_before = await queries.rated_power(session, device_id)
        if not await queries.update_device(session, site_id, device_id, changes):
            raise NotFound(_NO_DEVICE)
        if "max_power_kw" in changes and changes["max_power_kw"] != power_before:
            await stack.storage.requeue(session, [(device_id,)])
        return next(row for row in await queries.list_devices(session) if row.id == device_id)


async def remove_device(stack: Stack, site_id: UUID, device_id: UUID) -> None:
    """Delete a device. Raises `NotFound`, and `HasHistory` where it has readings: those are kept for ever."""
    async with stack.db.transaction() as session:
        if await queries.has_readings(session, device_id):
            message = "The device has readings, which are kept: make it inactive instead"
            raise HasHistory(message)
        if not await queries.delete_device(session, site_id, device_id):
            raise NotFound(_NO_DEVICE)


async def rotate_device_token(stack: Stack, site_id: UUID, device_id: UUID) -> tuple[str, str, str]:
    """Give a device a new token; the old one ends at once. Returns name, external id and token. Raises `NotFound`."""
    token = new_device_token()
    async with stack.db.transaction() as session:
        found = await queries.replace_token_of(session, site_id, device_id, token_hash(token))
        if found is None:
            raise NotFound(_NO_DEVICE)
        await audit.record(session, "device.token_rotated", found[1])
    return (*found, token)


_NAMES = {"name": ("name", LONGEST_NAME), "external_id": ("externalId", LONGEST_EXTERNAL_ID)}


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    """Return texts without white space around them. Raises `Invalid` for an unsound text or no rated power."""
    clean = dict(values)
    for name, value in values.items():
        if name in _NAMES:
            clean[name] = sound_name(_NAMES[name][0], value, _NAMES[name][1])
        elif isinstance(value, str):
            clean[name] = sound_text(name, value, LONGEST_TEXT)
        elif name == "max_power_kw" and value is not None:
            clean[name] = rated_kw(value)
    return clean
