"""A Client's municipalities, as the API changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.domain.pages import EVERYTHING, Asked, Page, page_of
from portal.core.domain.tariffs import is_zone
from portal.core.domain.texts import LONGEST_NAME, sound_name
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.queries import audit
from portal.core.queries import rates as queries
from portal.core.queries.rates import MunicipalityLine
from portal.core.versions import require_version

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["MunicipalityLine"]

_NO_MUNICIPALITY = "There is no such municipality"


async def list_municipalities(stack: Stack) -> tuple[MunicipalityLine, ...]:
    """Return every municipality by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_municipalities(session)


async def page_of_municipalities(stack: Stack, asked: Asked = EVERYTHING) -> Page[MunicipalityLine]:
    """Return a page of municipalities by name."""
    async with stack.db.snapshot() as session:
        found = await queries.list_municipalities(session, asked)
    return page_of(found, asked, lambda line: line.key)


async def get_municipality(stack: Stack, municipality_id: int) -> MunicipalityLine:
    """Return one municipality. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.get_municipality(session, municipality_id)
    if found is None:
        raise NotFound(_NO_MUNICIPALITY)
    return found


async def change_municipality(
    stack: Stack, municipality_id: int, changes: dict[str, str], expected: Collection[str] | None = None
) -> MunicipalityLine:
    """Change `name` or `time_zone_id` (IANA), whichever are given; `expected` are the versions it is meant for.

    Raises `NotFound`, `Outdated`, `Conflict` for a taken name, `Invalid` for an empty name or an unknown zone.
    """
    clean = {name: value.strip() for name, value in changes.items()}
    if "name" in clean:
        clean["name"] = sound_name("A municipality's name", clean["name"], LONGEST_NAME)
    if not is_zone(clean.get("time_zone_id", "UTC")):
        message = f"{clean['time_zone_id']!r} is not an IANA time zone, such as Africa/Johannesburg"
        raise Invalid(message)
    async with stack.db.transaction() as session:
        before = await _lock(session, municipality_id, expected)
        if "name" in clean and await queries.name_is_taken(session, clean["name"], municipality_id):
            message = f"There is a municipality named {clean['name']!r} already"
            raise Conflict(message)
        changed = await queries.update_municipality(session, municipality_id, clean)
        if changed is None:
            raise NotFound(_NO_MUNICIPALITY)
        if changed != before:
            await audit.record(session, "tariff.municipality_changed", changed.name)
    return changed


async def remove_municipality(
    stack: Stack, municipality_id: int, expected: Collection[str] | None = None
) -> None:
    """Delete a municipality of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, and `Conflict` while a site or a tariff refers to it.
    """
    async with stack.db.transaction() as session:
        await _lock(session, municipality_id, expected)
        if await queries.is_used(session, municipality_id):
            message = "Sites or tariffs refer to this municipality: change or delete those first"
            raise Conflict(message)
        await queries.delete_municipality(session, municipality_id)


async def _lock(
    session: AsyncSession, municipality_id: int, expected: Collection[str] | None
) -> MunicipalityLine:
    found = await queries.get_municipality(session, municipality_id, for_change=True)
    if found is None:
        raise NotFound(_NO_MUNICIPALITY)
    require_version(found.version, expected)
    return found
