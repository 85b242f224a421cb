"""The operator's library: tariffs of municipalities, kept once and dated, offered to every customer's stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID, uuid4

from portal.core.audit import queries as audit
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.tariffs.queries import editions as queries
from portal.core.tariffs.queries.editions import StoredEdition
from portal.core.tariffs.rules.editions import LONGEST_SOURCE, Edition, library_stamp
from portal.core.tariffs.rules.municipalities import sound_municipality
from portal.core.tariffs.rules.tariff_changes import tariff_change_in_words, title_of
from portal.core.tariffs.rules.tariff_input import invalid_tariff, read_tariff, unconfirmed_problems
from portal.core.tariffs.wire import EditionPage, edition_row
from portal.core.values.texts import sound_text
from portal.core.values.versions import require_version

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["KeptEdition", "StoredEdition"]

MOST_EDITIONS = 100
"""How many a page for a Client has at most."""
_NO_EDITION = "There is no such edition: it may have been deleted meanwhile"
_STAMP_SECONDS = 1.0
# What an answer says of an edition beside what it is, so that it can be handed back whole.
_READ_ONLY = ("id", "municipalityId", "isPublished", "changedAt", "customers", "takenOver")


class KeptEdition(NamedTuple):
    """An edition as it was stored; `is_new`: there was none of its municipality, name and first day."""

    id: UUID
    municipality: str
    name: str
    is_new: bool


async def list_editions(stack: Stack) -> list[StoredEdition]:
    """Return every edition by municipality, the last first day first."""
    async with stack.db.snapshot() as session:
        return await queries.list_editions(session)


async def get_edition(stack: Stack, edition_id: UUID) -> StoredEdition:
    """Return one edition. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.find_edition(session, edition_id)
    if found is None:
        raise NotFound(_NO_EDITION)
    return found


def edition_wire(edition: Edition) -> dict[str, object]:
    """Return an edition as it can be handed in again, its decimals exact."""
    return edition.wire(lambda number: number) | {
        "municipality": edition.municipality,
        "timeZoneId": edition.time_zone_id,
        "source": edition.source,
    }


async def keep_editions(
    stack: Stack, raw: object, *, publish: bool = False, is_confirmed: bool = False
) -> list[KeptEdition]:
    """Store editions given as a decoded JSON array, all or none; with `publish` each is offered at once.

    Each is a tariff with its municipality's name, and may say `timeZoneId` and `source`. One of the same municipality,
    name and first day is replaced. `is_confirmed` says that rates below zero are meant.
    Raises `Invalid` with every problem of the first that has any.
    """
    if not isinstance(raw, list):
        raise Invalid("A JSON array of tariffs is expected.")
    kept: list[KeptEdition] = []
    async with stack.db.transaction() as session:
        for item in cast("list[object]", raw):
            edition = await _read(session, item, uuid4(), is_confirmed=is_confirmed)
            before = await queries.find_like(session, edition)
            stored = edition if before is None else replace(edition, id=before.edition.id)
            await _store(session, stored, before)
            if publish and (before is None or not before.is_published):
                await _publish(session, stored, is_published=True)
            kept.append(KeptEdition(stored.id, stored.municipality, stored.tariff.name, before is None))
    return kept


async def save_edition(
    stack: Stack,
    raw: object,
    edition_id: UUID | None = None,
    expected: Collection[str] | None = None,
    *,
    is_confirmed: bool = False,
) -> UUID:
    """Store one edition, as new or in the municipality of another; returns its id.

    `expected` are the marks of the one it may replace, None for any. Raises `Invalid`, `NotFound`, `Outdated`, and
    `Conflict` where its municipality has another of that name and first day.
    """
    async with stack.db.transaction() as session:
        before = None if edition_id is None else await _lock(session, edition_id, expected)
        edition = await _read(session, raw, edition_id or uuid4(), is_confirmed=is_confirmed)
        twin = await queries.find_like(session, edition)
        if twin is not None and twin.edition.id != edition.id:
            message = f"There is {title_of(edition.tariff, edition.municipality)} in the library already"
            raise Conflict(message)
        await _store(session, edition, before)
    return edition.id


async def set_published(
    stack: Stack, edition_id: UUID, *, is_published: bool, expected: Collection[str] | None = None
) -> None:
    """Offer an edition to every customer's stack, or take it back: what was taken over of it stays.

    Raises `NotFound`, `Outdated`.
    """
    async with stack.db.transaction() as session:
        before = await _lock(session, edition_id, expected)
        if before.is_published != is_published:
            await _publish(session, before.edition, is_published=is_published)


async def remove_edition(stack: Stack, edition_id: UUID, expected: Collection[str] | None = None) -> None:
    """Delete an edition that is offered to nobody. Raises `NotFound`, `Outdated`, `Conflict` while it is offered."""
    async with stack.db.transaction() as session:
        before = await _lock(session, edition_id, expected)
        if before.is_published:
            raise Conflict("Customers are offered this edition: take it back first")
        await queries.delete_edition(session, edition_id)
        await audit.record(session, "edition.removed", _title(before.edition))


async def published_stamp(stack: Stack) -> str:
    """Return what says which versions are offered; asked with every batch, and read once a second."""

    async def read() -> str:
        async with stack.db.snapshot() as session:
            return library_stamp(await queries.published_versions(session))

    return await stack.shared.answer(
        "library stamp",
        read,
        since=monotonic() - _STAMP_SECONDS,
        keep_seconds=_STAMP_SECONDS,
        is_for_all=True,
    )


async def page_of_published(stack: Stack, after: UUID | None, limit: int) -> EditionPage:
    """Return what is offered, in pages by id. Raises `Invalid` for a page of another size than 1 to `MOST_EDITIONS`."""
    if not 1 <= limit <= MOST_EDITIONS:
        raise Invalid(f"'limit' is from 1 to {MOST_EDITIONS}")
    async with stack.db.snapshot() as session:
        found = await queries.list_published(session, after, limit + 1)
    rows = [edition_row(*each) for each in found[:limit]]
    return EditionPage(rows=rows, next=rows[-1].id if len(found) > limit else None)


async def _read(session: AsyncSession, raw: object, edition_id: UUID, *, is_confirmed: bool) -> Edition:
    if not isinstance(raw, Mapping):
        raise Invalid("An edition is a JSON object with municipality, name, effectiveFrom, ...")
    fields = dict(cast("Mapping[str, object]", raw))
    source, zone = fields.pop("source", None) or "", fields.pop("timeZoneId", None)
    for name in _READ_ONLY:
        fields.pop(name, None)
    tariff = replace(read_tariff(fields), is_active=True)
    if not is_confirmed and (unconfirmed := unconfirmed_problems(tariff)):
        raise invalid_tariff(unconfirmed)
    if not isinstance(source, str) or not isinstance(zone, str | None):
        raise Invalid("'source' and 'timeZoneId' are texts")
    name = tariff.municipality or ""
    known = zone or await queries.zone_of(session, name.strip())
    if not known:
        raise Invalid(f"'timeZoneId' is missing: nothing is known yet of {name!r}")
    sound = sound_municipality({"name": name, "time_zone_id": known})
    of = sound.get("name", name)
    tariff = replace(tariff, id=None, municipality_id=None, municipality=of)
    return Edition(
        edition_id,
        of,
        sound.get("time_zone_id", known),
        sound_text("'source'", source, LONGEST_SOURCE),
        tariff,
    )


async def _store(session: AsyncSession, edition: Edition, before: StoredEdition | None) -> None:
    """Store an edition where it is another than before, and write that down."""
    now = edition.tariff, edition.municipality
    if before is None:
        await queries.insert_edition(session, edition)
        await audit.record(session, "edition.added", title_of(*now), tariff_change_in_words(None, now))
        return
    if before.edition == edition:
        return
    await queries.update_edition(session, edition)
    was = before.edition.tariff, before.edition.municipality
    words = tariff_change_in_words(was, now) or "source or time zone"
    await audit.record(session, "edition.changed", title_of(*was), words)


async def _publish(session: AsyncSession, edition: Edition, *, is_published: bool) -> None:
    await queries.set_published(session, edition.id, is_published=is_published)
    action = "edition.published" if is_published else "edition.withdrawn"
    await audit.record(session, action, _title(edition))


async def _lock(session: AsyncSession, edition_id: UUID, expected: Collection[str] | None) -> StoredEdition:
    found = await queries.find_edition(session, edition_id, for_change=True)
    if found is None:
        raise NotFound(_NO_EDITION)
    require_version(found.mark, expected)
    return found


def _title(edition: Edition) -> str:
    return title_of(edition.tariff, edition.municipality)
