"""A Client's municipalities: read, added, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import changes_in_words, facts_in_words
from portal.core.errors import Conflict, NotFound
from portal.core.tariffs.queries import municipalities as queries
from portal.core.tariffs.queries.municipalities import MunicipalityLine
from portal.core.tariffs.rules.municipalities import MunicipalityEdits, sound_municipality
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.versions import require_version
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["MunicipalityLine"]

_NO_MUNICIPALITY = noted("There is no such municipality")


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


async def add_municipality(stack: Stack, name: str, time_zone_id: str) -> MunicipalityLine:
    """Add a municipality. Raises `Invalid` for a poor name or an unknown IANA zone, `Conflict` for a taken name."""
    values = sound_municipality({"name": name, "time_zone_id": time_zone_id})
    async with stack.db.transaction() as session:
        made = await queries.insert_municipality(session, values)
        if made is None:
            raise Conflict(_taken(name.strip()))
        await audit.record(session, "tariff.municipality_added", made.name, facts_in_words(_facts(made)))
    return made


async def change_municipality(
    stack: Stack, municipality_id: int, edits: MunicipalityEdits, *, expected: Collection[str] | None = None
) -> MunicipalityLine:
    """Change what is given of a municipality; in another zone the energy of its sites is priced at other hours.

    `expected` are the versions it is meant for, None for any. Raises `NotFound`, `Outdated`, `Conflict` for a taken
    name, `Invalid` for a poor name or an unknown zone.
    """
    edits = sound_municipality(edits)
    async with stack.db.transaction() as session:
        before = after = await _lock(session, municipality_id, expected)
        if "name" in edits and await queries.name_is_taken(session, edits["name"], municipality_id):
            raise Conflict(_taken(edits["name"]))
        if any(getattr(before, name) != value for name, value in edits.items()):
            after = await queries.update_municipality(session, municipality_id, edits) or before
        if words := changes_in_words(_named_facts(before), _named_facts(after)):
            await audit.record(session, "tariff.municipality_changed", before.name, words)
    return after


async def remove_municipality(
    stack: Stack, municipality_id: int, *, expected: Collection[str] | None = None
) -> None:
    """Delete a municipality of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, and `Conflict` while a site or a tariff refers to it.
    """
    async with stack.db.transaction() as session:
        line = await _lock(session, municipality_id, expected)
        if await queries.is_used(session, municipality_id):
            message = noted("Sites or tariffs refer to this municipality: change or delete those first")
            raise Conflict(message)
        await queries.delete_municipality(session, municipality_id)
        await audit.record(session, "tariff.municipality_removed", line.name, facts_in_words(_facts(line)))


def _facts(line: MunicipalityLine) -> dict[str, object]:
    return {"time zone": line.time_zone_id}


def _named_facts(line: MunicipalityLine) -> dict[str, object]:
    return {"name": line.name, **_facts(line)}


async def _lock(
    session: AsyncSession, municipality_id: int, expected: Collection[str] | None
) -> MunicipalityLine:
    found = await queries.get_municipality(session, municipality_id, for_change=True)
    if found is None:
        raise NotFound(_NO_MUNICIPALITY)
    require_version(found.version, expected)
    return found


def _taken(name: str) -> str:
    return f"There is a municipality named {name!r} already"
