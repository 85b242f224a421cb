"""Municipalities, sites and devices of a Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.domain.pages import EVERYTHING, Asked, Page, page_of
from portal.core.domain.rated_power import rated_kw
from portal.core.domain.tariffs import is_zone
from portal.core.domain.texts import LONGEST_EXTERNAL_ID, LONGEST_NAME, LONGEST_TEXT, sound_name, sound_text
from portal.core.domain.tokens import new_device_token, token_hash
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.queries import audit
from portal.core.queries import sites as queries
from portal.core.queries.sites import DeviceRow, SiteRow

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    from portal.core.stack import Stack


@dataclass(frozen=True)
class IssuedDevice:
    """A new device; `token` is shown once."""

    id: UUID
    name: str
    external_id: str
    token: str


async def add_municipality(stack: Stack, name: str, time_zone_id: str) -> int:
    """Add a municipality. Raises `Invalid` for an unknown IANA zone, `Conflict` for a taken name."""
    label = sound_name("A municipality's name", name, LONGEST_NAME)
    if not is_zone(time_zone_id):
        message = f"{time_zone_id!r} is not an IANA time zone, such as Africa/Johannesburg"
        raise Invalid(message)
    async with stack.db.transaction() as session:
        made = await queries.insert_municipality(session, label, time_zone_id)
    if made is None:
        message = f"There is a municipality named {label!r} already"
        raise Conflict(message)
    return made


async def add_site(stack: Stack, name: str, *, address: str = "", municipality: str | None = None) -> UUID:
    """Add a site. Raises `NotFound` for an unknown municipality, `Conflict` for a taken name."""
    label, place = (
        sound_name("A site's name", name, LONGEST_NAME),
        sound_text("An address", address, LONGEST_TEXT),
    )
    async with stack.db.transaction() as session:
        municipality_id = None
        if municipality is not None:
            municipality_id = await queries.find_municipality(session, municipality)
            if municipality_id is None:
                message = f"There is no municipality named {municipality!r}"
                raise NotFound(message)
        made = await queries.insert_site(session, label, place, municipality_id)
        if made is None:
            message = f"There is a site named {label!r} already"
            raise Conflict(message)
        return made


async def add_device(
    stack: Stack,
    name: str,
    *,
    site: str,
    external_id: str,
    description: str = "",
    max_power_kw: Decimal | None = None,
) -> IssuedDevice:
    """Add a device and issue its token.

    Raises `NotFound` for an unknown site, `Conflict` for a taken external id, `Invalid` for a rated
    power that is not above zero.
    """
    label = sound_name("A device's name", name, LONGEST_NAME)
    external = sound_name("A device's external id", external_id, LONGEST_EXTERNAL_ID)
    remark = sound_text("A description", description, LONGEST_TEXT)
    token = new_device_token()
    async with stack.db.transaction() as session:
        site_id = await queries.find_site(session, site)
        if site_id is None:
            message = f"There is no site named {site!r}"
            raise NotFound(message)
        values = {
            "site_id": site_id,
            "name": label,
            "external_id": external,
            "description": remark,
            "max_power_kw": None if max_power_kw is None else rated_kw(max_power_kw),
            "token_hash": token_hash(token),
        }
        made = await queries.insert_device(session, values)
        if made is None:
            message = f"There is a device with external id {external!r} already"
            raise Conflict(message)
        await audit.record(session, "device.added", external, f"{label} at {site}")
        return IssuedDevice(made, label, external, token)


async def reissue_device_token(stack: Stack, external_id: str) -> IssuedDevice:
    """Give a device a new token; the old one ends at once. Raises `NotFound`."""
    token = new_device_token()
    async with stack.db.transaction() as session:
        found = await queries.replace_token_by_external_id(session, external_id, token_hash(token))
        if found is None:
            message = f"There is no device with external id {external_id!r}"
            raise NotFound(message)
        await audit.record(session, "device.token_rotated", external_id)
    return IssuedDevice(found[0], found[1], external_id, token)


async def list_sites(stack: Stack) -> tuple[SiteRow, ...]:
    """Return every site by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_sites(session)


async def page_of_sites(
    stack: Stack, asked: Asked = EVERYTHING
) -> tuple[Page[SiteRow], tuple[DeviceRow, ...]]:
    """Return a page of sites by name, and the devices that stand at them."""
    async with stack.db.snapshot() as session:
        page = page_of(await queries.list_sites(session, asked), asked, lambda site: site.key)
        return page, await queries.list_devices(session, at=[site.id for site in page.items])


async def list_devices(stack: Stack) -> tuple[DeviceRow, ...]:
    """Return every device by site and name."""
    async with stack.db.snapshot() as session:
        return await queries.list_devices(session)


async def page_of_devices(stack: Stack, asked: Asked = EVERYTHING) -> Page[DeviceRow]:
    """Return a page of all devices by site and name."""
    async with stack.db.snapshot() as session:
        found = await queries.list_devices(session, asked)
    return page_of(found, asked, lambda device: device.key)
