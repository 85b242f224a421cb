"""What the operator's library offers a Client: compared with what is in force, taken over by a person, undone.

Nothing is taken over by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from portal.core.audit import queries as audit
from portal.core.audit.acting import present
from portal.core.errors import Conflict, NotFound
from portal.core.tariffs.queries import offers as queries
from portal.core.tariffs.queries import tariffs as tariff_queries
from portal.core.tariffs.queries.offers import OfferAnswered
from portal.core.tariffs.rules.editions import (
    TariffDifference,
    differences,
    is_meant_for,
    library_stamp,
    replaced_by,
    same_municipality,
)
from portal.core.tariffs.rules.tariff_changes import tariff_change_in_words, title_of
from portal.core.tariffs.rules.tariff_input import assign_municipality, invalid_tariff
from portal.core.tariffs.rules.tariff_municipalities import competing_problems
from portal.core.tariffs.rules.tariff_wire import TariffInvalid, tariff_from_wire, tariff_to_wire
from portal.core.values.versions import require_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs
    from portal.core.tariffs.rules.tariffs import Tariff
    from portal.core.tariffs.tables import TariffOffer
    from portal.core.tariffs.wire import EditionRow

_NO_OFFER = "There is no such offer: the operator may have taken it back meanwhile"
_UNREADABLE = "This edition says what this release cannot read: upgrade the portal first"
Answer = Literal["accepted", "drafted", "declined"]
ACCEPTED: Answer = "accepted"
DRAFTED: Answer = "drafted"
DECLINED: Answer = "declined"

_WORDS: dict[str, Answer] = {ACCEPTED: ACCEPTED, DRAFTED: DRAFTED, DECLINED: DECLINED}


@dataclass(frozen=True)
class LibraryOffer:
    """An edition that is offered, beside what it would take the municipality of.

    `municipality_id` is the municipality of its name, None where there is none. `is_meant`: it goes on with a tariff
    that municipality has. `answer` is what was said to it as it is now; `is_changed`: it was answered, and has been
    changed since. `may_undo`: the tariff that was made of it is as it was made. `tariff` is None where this release
    cannot read it.
    """

    id: UUID
    version: str
    municipality: str
    municipality_id: int | None
    time_zone_id: str
    source: str
    tariff: Tariff | None
    before: Tariff | None
    differences: tuple[TariffDifference, ...]
    is_meant: bool
    answer: Answer | None
    answered_at: datetime | None
    answered_by: str
    is_changed: bool
    is_withdrawn: bool
    may_undo: bool

    @property
    def is_waiting(self) -> bool:
        """Whether somebody is to say something to it."""
        return self.is_meant and not self.answer and not self.is_withdrawn and self.tariff is not None


async def own_stamp(stack: Stack) -> str:
    """Return what says which versions this stack was told of."""
    async with stack.db.snapshot() as session:
        return library_stamp(await queries.versions(session))


async def take_in(stack: Stack, rows: Collection[EditionRow]) -> None:
    """Keep what the library offers now; no tariff changes by it."""
    async with stack.db.transaction() as session:
        await queries.replace_offers(session, rows)


async def list_offers(stack: Stack) -> list[LibraryOffer]:
    """Return what is offered: what waits for an answer first, then by municipality, the last first day first."""
    async with stack.db.snapshot() as session:
        found = await queries.list_offers(session)
        own = await tariff_queries.load(session)
    read = {each.id: _tariff_of(each) for each in found}
    offers = [_offer(each, read, found, own) for each in found]
    return sorted(offers, key=_order)


async def count_waiting(stack: Stack) -> int:
    """Return how many offers wait for an answer."""
    return sum(each.is_waiting for each in await list_offers(stack))


async def accept(
    stack: Stack,
    offer_id: UUID,
    municipality_id: int | None = None,
    expected: Collection[str] | None = None,
    *,
    as_draft: bool = False,
) -> int:
    """Make a tariff of an offer: in force from its first day, or a draft; returns its id.

    It is a tariff of the municipality of its name, or of `municipality_id`. One of the same name and first day is
    replaced. `expected` are the versions of the offer that are meant, None for any. Raises `NotFound`, `Outdated`,
    `Invalid` where it cannot stand beside what there is, `Conflict` where nothing of the offer's name is there or this
    release cannot read it.
    """
    async with stack.db.transaction() as session:
        offer = await _lock(session, offer_id, expected)
        await tariff_queries.lock_all(session)
        own = await tariff_queries.load(session)
        municipality = _municipality_of(own, offer, municipality_id)
        tariff = _tariff_of(offer)
        if tariff is None:
            raise Conflict(_UNREADABLE)
        wanted = replace(
            tariff, municipality=None, municipality_id=municipality.municipality_id, is_active=not as_draft
        )
        _refuse_competing(wanted, own)
        before = next((each for each in municipality.tariffs if _is_same(each, wanted)), None)
        made = await tariff_queries.upsert(session, wanted)
        replaced = offer.replaced
        if offer.tariff_id != made or offer.answer not in (ACCEPTED, DRAFTED):
            replaced = None if before is None else tariff_to_wire(before, number=float)
        await _answer(session, offer, DRAFTED if as_draft else ACCEPTED, made, replaced)
        now = replace(wanted, id=made), municipality.name
        was = None if before is None else (before, municipality.name)
        action = "tariff.offer_drafted" if as_draft else "tariff.offer_accepted"
        await audit.record(session, action, title_of(*now), tariff_change_in_words(was, now))
    return made


async def decline(stack: Stack, offer_id: UUID, expected: Collection[str] | None = None) -> None:
    """Say that an offer is not wanted here, until it is changed. Raises `NotFound`, `Outdated`, `Conflict`."""
    async with stack.db.transaction() as session:
        offer = await _lock(session, offer_id, expected)
        if offer.answer in (ACCEPTED, DRAFTED) and offer.tariff_id is not None:
            raise Conflict("It was taken over: undo that first")
        await _answer(session, offer, DECLINED)
        await audit.record(session, "tariff.offer_declined", _title(offer))


async def undo(stack: Stack, offer_id: UUID) -> None:
    """Take back what was said to an offer: what stood in its tariff's municipality comes back.

    Raises `NotFound`, and `Conflict` where nothing was said, or the tariff that was made of it has been changed since.
    """
    async with stack.db.transaction() as session:
        offer = await _lock(session, offer_id, None)
        if offer.answer is None:
            raise Conflict("Nothing was said to this offer yet")
        await tariff_queries.lock_all(session)
        own = await tariff_queries.load(session)
        made = _made(offer, own)
        if made is not None:
            if not _is_as_made(offer, made):
                raise Conflict(
                    "The tariff that was made of it has been changed since: change or delete it on Rates"
                )
            await _put_back(session, offer, made)
        await queries.save_answer(session, offer.id, None)
        await audit.record(session, "tariff.offer_undone", _title(offer))


async def _put_back(session: AsyncSession, offer: TariffOffer, made: Tariff) -> None:
    if offer.replaced is None:
        await tariff_queries.delete(session, made.id or 0)
        return
    before = tariff_from_wire({**offer.replaced, "municipalityId": made.municipality_id})
    await tariff_queries.update(session, replace(before, id=made.id))


async def _lock(session: AsyncSession, offer_id: UUID, expected: Collection[str] | None) -> TariffOffer:
    found = await queries.lock_offer(session, offer_id)
    if found is None:
        raise NotFound(_NO_OFFER)
    require_version(found.version, expected)
    return found


async def _answer(
    session: AsyncSession,
    offer: TariffOffer,
    answer: Answer,
    made: int | None = None,
    replaced: dict[str, object] | None = None,
) -> None:
    given = OfferAnswered(answer, offer.version, present().name, made, replaced)
    await queries.save_answer(session, offer.id, given)


def _municipality_of(
    own: Iterable[MunicipalTariffs], offer: TariffOffer, municipality_id: int | None
) -> MunicipalTariffs:
    for each in own:
        is_wanted = each.municipality_id == municipality_id
        if is_wanted if municipality_id is not None else same_municipality(each.name, offer.municipality):
            return each
    message = (
        f"There is no municipality {offer.municipality!r} here: say which one it is for, or add it on Rates"
    )
    raise Conflict(message)


def _refuse_competing(wanted: Tariff, own: Sequence[MunicipalTariffs]) -> None:
    assigned, problems = assign_municipality(wanted, {each.name: each.municipality_id for each in own})
    problems += competing_problems(assigned, [tariff for each in own for tariff in each.tariffs])
    if problems:
        raise invalid_tariff(problems)


def _tariff_of(offer: TariffOffer) -> Tariff | None:
    """Return the tariff of an offer, None where it cannot be read."""
    try:
        return tariff_from_wire({**offer.tariff, "municipality": offer.municipality})
    except TariffInvalid:
        return None


def _is_same(one: Tariff, other: Tariff) -> bool:
    return (one.name, one.effective_from) == (other.name, other.effective_from)


def _made(offer: TariffOffer, own: Iterable[MunicipalTariffs]) -> Tariff | None:
    if offer.tariff_id is None:
        return None
    return next(
        (each for municipality in own for each in municipality.tariffs if each.id == offer.tariff_id), None
    )


def _is_as_made(offer: TariffOffer, made: Tariff) -> bool:
    """Whether a tariff is what was made of the offer as it is now; of an offer that was changed nobody knows."""
    tariff = _tariff_of(offer) if offer.answered_version == offer.version else None
    return (
        tariff is not None
        and replace(
            tariff,
            id=made.id,
            municipality=None,
            municipality_id=made.municipality_id,
            is_active=offer.answer == ACCEPTED,
        )
        == made
    )


def _offer(
    row: TariffOffer,
    read: dict[UUID, Tariff | None],
    rows: Sequence[TariffOffer],
    own: Sequence[MunicipalTariffs],
) -> LibraryOffer:
    tariff, made = read[row.id], _made(row, own)
    municipality = next((each for each in own if same_municipality(each.name, row.municipality)), None)
    tariffs = () if municipality is None else municipality.tariffs
    beside = [each for each in tariffs if made is None or each.id != made.id]
    before = None if tariff is None else replaced_by(tariff, beside)
    is_current = row.answered_version == row.version
    is_taken = row.answer == DECLINED or made is not None
    return LibraryOffer(
        id=row.id,
        version=row.version,
        municipality=row.municipality,
        municipality_id=None if municipality is None else municipality.municipality_id,
        time_zone_id=row.time_zone_id,
        source=row.source,
        tariff=tariff,
        before=before,
        differences=() if tariff is None else differences(before, tariff),
        is_meant=municipality is not None
        and tariff is not None
        and _is_meant(row, tariff, beside, rows, read),
        answer=_WORDS.get(row.answer or "") if is_current and is_taken else None,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        is_changed=row.answer is not None and not is_current,
        is_withdrawn=row.is_withdrawn,
        may_undo=row.answer == DECLINED or (made is not None and _is_as_made(row, made)),
    )


def _is_meant(
    row: TariffOffer,
    tariff: Tariff,
    beside: Sequence[Tariff],
    rows: Iterable[TariffOffer],
    read: dict[UUID, Tariff | None],
) -> bool:
    others = [
        other
        for each in rows
        if each.id != row.id
        and same_municipality(each.municipality, row.municipality)
        and (other := read[each.id]) is not None
        and other.effective_from == tariff.effective_from
    ]
    return row.answer is not None or is_meant_for(tariff, beside, others)


def _order(offer: LibraryOffer) -> tuple[object, ...]:
    first = 0 if offer.tariff is None else -offer.tariff.effective_from.toordinal()
    return not offer.is_waiting, not offer.is_meant, offer.municipality.casefold(), first, str(offer.id)


def _title(offer: TariffOffer) -> str:
    tariff = _tariff_of(offer)
    return offer.municipality if tariff is None else title_of(tariff, offer.municipality)
