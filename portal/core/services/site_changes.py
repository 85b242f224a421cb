"""Changing and removing sites and devices of a Client, and new tokens for devices, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.core import energy
from portal.core.domain.pages import EVERYTHING, Asked, Page, page_of
from portal.core.domain.rated_power import rated_kw
from portal.core.domain.texts import LONGEST_EXTERNAL_ID, LONGEST_NAME, LONGEST_TEXT, sound_name, sound_text
from portal.core.domain.tokens import new_device_token, token_hash
from portal.core.errors import Conflict, HasHistory, Invalid, NotFound
from portal.core.queries import audit
from portal.core.queries import sites as queries
from portal.core.queries.sites import DeviceRow, SiteRow
from portal.core.settings import RunMode
from portal.core.storage.layout import LAYOUTS
from portal.core.versions import require_version

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from portal.core.db import AsyncSession
    from portal.core.stack import Stack

_NO_SITE = "There is no such site"
_NO_DEVICE = "There is no such device at this site"
_NO_MUNICIPALITY = "There is no such municipality"


async def create_site(stack: Stack, values: dict[str, Any], said: dict[str, Any] | None = None) -> SiteRow:
    """Add a site (`name`, `address`, `municipality_id`, `is_active`).

    `said` is what a body says of the site beside that; what is not so is refused. Raises `NotFound` for an unknown
    municipality, `Conflict` for a taken name, `Invalid`.
    """
    row: dict[str, Any] = {"address": "", "municipality_id": None, **_cleaned(values)}
    async with stack.db.transaction() as session:
        await _check_municipality(session, row)
        site_id = await queries.insert_site(session, **row)
        made = None if site_id is None else await queries.get_site(session, site_id)
        if made is None:
            message = f"There is a site named {row['name']!r} already"
            raise Conflict(message)
        _check_said(made, said)
    return made


async def get_site(stack: Stack, site_id: UUID) -> tuple[SiteRow, tuple[DeviceRow, ...]]:
    """Return a site and its devices. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        site = await queries.get_site(session, site_id)
        if site is None:
            raise NotFound(_NO_SITE)
        return site, await queries.list_devices(session, at=[site_id])


async def list_site_devices(stack: Stack, site_id: UUID, asked: Asked = EVERYTHING) -> Page[DeviceRow]:
    """Return a page of a site's devices by name. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        if await queries.get_site(session, site_id) is None:
            raise NotFound(_NO_SITE)
        found = await queries.list_devices(session, asked, [site_id])
    return page_of(found, asked, lambda device: device.key)


async def get_device(stack: Stack, site_id: UUID, device_id: UUID) -> DeviceRow:
    """Return one device of a site. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.get_device(session, site_id, device_id)
    if found is None:
        raise NotFound(_NO_DEVICE)
    return found


async def change_site(
    stack: Stack,
    site_id: UUID,
    changes: dict[str, Any],
    said: dict[str, Any] | None = None,
    expected: Collection[str] | None = None,
) -> None:
    """Change `name`, `address`, `municipality_id` or `is_active` of a site, whichever are given.

    `said` is what a body says of the site beside that; what is not so afterwards is refused. `expected` are the
    versions the change is meant for, None for any. Raises `NotFound` for an unknown site or municipality, `Conflict`
    for a taken name, `Outdated`, `Invalid`.
    """
    changes = _cleaned(changes)
    async with stack.db.transaction() as session:
        await _lock_site(session, site_id, expected)
        if "name" in changes and await queries.name_is_taken(session, changes["name"], site_id):
            message = f"There is a site named {changes['name']!r} already"
            raise Conflict(message)
        await _check_municipality(session, changes)
        await queries.update_site(session, site_id, changes)
        _check_said(await queries.get_site(session, site_id), said)


async def remove_site(stack: Stack, site_id: UUID, expected: Collection[str] | None = None) -> None:
    """Delete a site of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, and `Conflict` while it has devices.
    """
    async with stack.db.transaction() as session:
        await _lock_site(session, site_id, expected)
        if await queries.device_ids(session, site_id):
            message = "The site has devices: move or delete them first, or make the site inactive"
            raise Conflict(message)
        await queries.delete_site(session, site_id)


async def create_device(stack: Stack, site_id: UUID, values: dict[str, Any]) -> tuple[UUID, str]:
    """Add a device (`name`, `external_id`, `description`, `max_power_kw`, `is_active`); returns its id and its token.

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


async def change_device(
    stack: Stack,
    site_id: UUID,
    device_id: UUID,
    changes: dict[str, Any],
    expected: Collection[str] | None = None,
) -> DeviceRow:
    """Change `name`, `external_id`, `description`, `max_power_kw`, `is_active` or `site_id` of a site's device.

    With another rated power its readings are judged anew. `expected` are the versions the change is meant for, None
    for any. Raises `NotFound` for an unknown site or device, `Conflict` for a taken external id, `Outdated`, `Invalid`.
    """
    changes = _cleaned(changes)
    async with stack.db.transaction() as session:
        before = await _lock_device(session, site_id, device_id, expected)
        external_id = changes.get("external_id")
        if external_id and await queries.external_id_is_taken(session, external_id, device_id):
            message = f"There is a device with external id {external_id!r} already"
            raise Conflict(message)
        if "site_id" in changes and await queries.get_site(session, changes["site_id"]) is None:
            raise NotFound(_NO_SITE)
        await queries.update_device(session, site_id, device_id, changes)
        if "max_power_kw" in changes and changes["max_power_kw"] != before.max_power_kw:
            await energy.requeue(session, LAYOUTS[RunMode.CLIENT], [(device_id,)])
        changed = await queries.get_device(session, changes.get("site_id", site_id), device_id)
        return changed or before


async def remove_device(
    stack: Stack, site_id: UUID, device_id: UUID, expected: Collection[str] | None = None
) -> None:
    """Delete a device of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, and `HasHistory` where it has readings: those are kept for ever.
    """
    async with stack.db.transaction() as session:
        await _lock_device(session, site_id, device_id, expected)
        if await queries.has_readings(session, device_id):
            message = "The device has readings, which are kept: make it inactive instead"
            raise HasHistory(message)
        await queries.delete_device(session, site_id, device_id)


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


async def _lock_site(session: AsyncSession, site_id: UUID, expected: Collection[str] | None) -> SiteRow:
    found = await queries.get_site(session, site_id, for_change=True)
    if found is None:
        raise NotFound(_NO_SITE)
    require_version(found.version, expected)
    return found


async def _lock_device(
    session: AsyncSession, site_id: UUID, device_id: UUID, expected: Collection[str] | None
) -> DeviceRow:
    found = await queries.get_device(session, site_id, device_id, for_change=True)
    if found is None:
        raise NotFound(_NO_DEVICE)
    require_version(found.version, expected)
    return found


async def _check_municipality(session: AsyncSession, values: dict[str, Any]) -> None:
    municipality_id = values.get("municipality_id")
    if municipality_id is not None and not await queries.municipality_exists(session, municipality_id):
        raise NotFound(_NO_MUNICIPALITY)


def _check_said(site: SiteRow | None, said: dict[str, Any] | None) -> None:
    """Refuse what a body says of a site and is not so: it would be passed over otherwise. Raises `Invalid`."""
    for name, value in (said or {}).items():
        if value != getattr(site, name):
            wire = {"municipality": "municipality", "time_zone_id": "timeZoneId"}[name]
            message = f"'{wire}' follows from 'municipalityId' and is {getattr(site, name)!r}, not {value!r}"
            raise Invalid(message, details={"problems": [{"path": wire, "message": message}]})


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
