"""The sites of a Client: read, added, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import changes_in_words, facts_in_words
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.sites.queries import devices
from portal.core.sites.queries import sites as queries
from portal.core.sites.queries.sites import StoredSite
from portal.core.sites.rules.sites import SiteEdits, sound_site
from portal.core.tariffs.queries import municipalities
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.versions import require_version
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.sites.queries.devices import StoredDevice
    from portal.core.stack import Stack

__all__ = ["SiteEdits", "StoredSite"]

_NO_SITE = noted("There is no such site")


async def list_sites(stack: Stack) -> tuple[StoredSite, ...]:
    """Return every site by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_sites(session)


async def page_of_sites(
    stack: Stack, asked: Asked = EVERYTHING
) -> tuple[Page[StoredSite], tuple[StoredDevice, ...]]:
    """Return a page of sites by name, and the devices that stand at them."""
    async with stack.db.snapshot() as session:
        page = page_of(await queries.list_sites(session, asked), asked, lambda site: site.key)
        return page, await devices.list_devices(session, stack.clock(), at=[site.id for site in page.items])


async def get_site(stack: Stack, site_id: UUID) -> tuple[StoredSite, tuple[StoredDevice, ...]]:
    """Return a site and its devices. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        site = await queries.get_site(session, site_id)
        if site is None:
            raise NotFound(_NO_SITE)
        return site, await devices.list_devices(session, stack.clock(), at=[site_id])


async def add_site(
    stack: Stack,
    name: str,
    *,
    address: str = "",
    municipality: int | str | None = None,
    is_active: bool = True,
    said: Mapping[str, object] | None = None,
) -> StoredSite:
    """Add a site; `municipality` is the id or the name of the one whose tariffs apply, None for no tariffs.

    `said` is what a body says of the site beside that; what is not so is refused. Raises `NotFound` for an unknown
    municipality, `Conflict` for a taken name, `Invalid`.
    """
    values = sound_site({"name": name, "address": address, "is_active": is_active})
    async with stack.db.transaction() as session:
        values["municipality_id"] = await _municipality_id(session, municipality)
        site_id = await queries.insert_site(session, values)
        if site_id is None:
            raise Conflict(_taken(name.strip()))
        made = await _there(session, site_id)
        _check_said(made, said)
        await audit.record(session, "site.added", made.name, facts_in_words(_facts(made)))
    return made


async def change_site(
    stack: Stack,
    site_id: UUID,
    edits: SiteEdits,
    *,
    said: Mapping[str, object] | None = None,
    expected: Collection[str] | None = None,
) -> StoredSite:
    """Change what is given of a site; with another municipality all its energy has other tariffs.

    `said` is what a body says of the site beside that; what is not so afterwards is refused. `expected` are the
    versions the change is meant for, None for any. Raises `NotFound` for an unknown site or municipality, `Conflict`
    for a taken name, `Outdated`, `Invalid`.
    """
    edits = sound_site(edits)
    async with stack.db.transaction() as session:
        before = await _lock(session, site_id, expected)
        if "name" in edits and await queries.name_is_taken(session, edits["name"], site_id):
            raise Conflict(_taken(edits["name"]))
        await _municipality_id(session, edits.get("municipality_id"))
        if any(getattr(before, name) != value for name, value in edits.items()):
            await queries.update_site(session, site_id, edits)
        after = await _there(session, site_id)
        _check_said(after, said)
        if words := changes_in_words(_named_facts(before), _named_facts(after)):
            await audit.record(session, "site.changed", before.name, words)
    return after


async def remove_site(stack: Stack, site_id: UUID, *, expected: Collection[str] | None = None) -> None:
    """Delete a site of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, and `Conflict` while it has devices.
    """
    async with stack.db.transaction() as session:
        site = await _lock(session, site_id, expected)
        if await queries.has_devices(session, site_id):
            message = noted("The site has devices: move or delete them first, or make the site inactive")
            raise Conflict(message)
        await queries.delete_site(session, site_id)
        await audit.record(session, "site.removed", site.name, facts_in_words(_facts(site)))


def _facts(site: StoredSite) -> dict[str, object]:
    return {"address": site.address, "municipality": site.municipality, "active": site.is_active}


def _named_facts(site: StoredSite) -> dict[str, object]:
    return {"name": site.name, **_facts(site)}


async def _lock(session: AsyncSession, site_id: UUID, expected: Collection[str] | None) -> StoredSite:
    found = await queries.get_site(session, site_id, for_change=True)
    if found is None:
        raise NotFound(_NO_SITE)
    require_version(found.version, expected)
    return found


async def _there(session: AsyncSession, site_id: UUID) -> StoredSite:
    found = await queries.get_site(session, site_id)
    if found is None:
        raise NotFound(_NO_SITE)
    return found


async def _municipality_id(session: AsyncSession, municipality: int | str | None) -> int | None:
    """Return the id of a municipality given by its id or its name. Raises `NotFound` where there is none."""
    if isinstance(municipality, str):
        found = await municipalities.find_municipality(session, municipality)
        if found is None:
            message = say("There is no municipality named {municipality}", municipality=f"{municipality!r}")
            raise NotFound(message)
        return found
    if municipality is not None and await municipalities.get_municipality(session, municipality) is None:
        message = noted("There is no such municipality")
        raise NotFound(message)
    return municipality


def _check_said(site: StoredSite, said: Mapping[str, object] | None) -> None:
    """Refuse what a body says of a site and is not so: it would be passed over otherwise. Raises `Invalid`."""
    for name, value in (said or {}).items():
        if value != getattr(site, name):
            wire = {"municipality": "municipality", "time_zone_id": "timeZoneId"}[name]
            message = say(
                "'{wire}' follows from 'municipalityId' and is {site}, not {value}",
                wire=wire,
                site=f"{getattr(site, name)!r}",
                value=f"{value!r}",
            )
            raise Invalid(message, details={"problems": [{"path": wire, "message": message}]})


def _taken(name: str) -> str:
    return f"There is a site named {name!r} already"
