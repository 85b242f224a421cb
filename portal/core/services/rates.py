"""A Client's municipalities as the API changes them, and the removal of tariffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.domain.tariffs import is_zone
from portal.core.domain.texts import LONGEST_NAME, sound_name
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.queries import audit
from portal.core.queries import rates as queries
from portal.core.queries.rates import MunicipalityLine

if TYPE_CHECKING:
    from portal.core.stack import Stack

__all__ = ["MunicipalityLine"]

_NO_MUNICIPALITY = "There is no such municipality"


async def list_municipalities(stack: Stack) -> tuple[MunicipalityLine, ...]:
    """Return every municipality by name."""
    async with stack.db.snapshot() as session:
        return await queries.list_municipalities(session)


async def change_municipality(
    stack: Stack, municipality_id: int, changes: dict[str, str]
) -> MunicipalityLine:
    """Change `name` or `time_zone_id` (IANA), whichever are given.

    Raises `NotFound`, `Conflict` for a taken name, `Invalid` for an empty name or an unknown zone.
    """
    clean = {name: value.strip() for name, value in changes.items()}
    if "name" in clean:
        clean["name"] = sound_name("A municipality's name", clean["name"], LONGEST_NAME)
    if not is_zone(clean.get("time_zone_id", "UTC")):
        message = f"{clean['time_zone_id']!r} is not an IANA time zone, such as Africa/Johannesburg"
        raise Invalid(message)
    async with stack.db.transaction() as session:
        if "name" in clean and await queries.name_is_taken(session, clean["name"], municipality_id):
            message = f"There is a municipality named {clean['name']!r} already"
            raise Conflict(message)
        before = await queries.find_municipality(session, municipality_id)
        if before is None:
            raise NotFound(_NO_MUNICIPALITY)
        changed = await queries.update_municipality(session, municipality_id, clean)
        if changed is None:
            raise NotFound(_NO_MUNICIPALITY)
        if changed != before:
            await audit.record(session, "tariff.municipality_changed", changed.name)
    return changed


async def remove_municipality(stack: Stack, municipality_id: int) -> None:
    """Delete a municipality. Raises `NotFound`, and `Conflict` while a site or a tariff refers to it."""
    async with stack.db.transaction() as session:
        if await queries.is_used(session, municipality_id):
            message = "Sites or tariffs refer to this municipality: change or delete those first"
            raise Conflict(message)
        if not await queries.delete_municipality(session, municipality_id):
            raise NotFound(_NO_MUNICIPALITY)


async def remove_tariff(stack: Stack, tariff_id: int) -> None:
    """Delete a tariff with its periods, seasons and holidays. Raises `NotFound`."""
    async with stack.db.transaction() as session:
        if not await queries.delete_tariff(session, tariff_id):
            message = "There is no such tariff"
            raise NotFound(message)
        await audit.record(session, "tariff.removed", f"tariff {tariff_id}")
