"""A Client's tariffs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.errors import Conflict, NotFound
from portal.core.tariffs.queries import tariffs as queries
from portal.core.tariffs.rules.tariff_changes import tariff_change_in_words, title_of
from portal.core.tariffs.rules.tariff_input import (
    assign_municipality,
    invalid_tariff,
    read_tariff,
    unconfirmed_problems,
)
from portal.core.tariffs.rules.tariff_municipalities import competing_problems
from portal.core.tariffs.rules.tariff_wire import tariff_to_wire
from portal.core.values.pages import EVERYTHING, Asked, Key, Page, page_of
from portal.core.values.versions import require_version, version_of
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs
    from portal.core.tariffs.rules.tariffs import Tariff

_NO_TARIFF = noted("There is no such tariff: it may have been deleted meanwhile")


async def list_customer_tariffs(stack: Stack, customer_id: UUID) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality of a customer with its tariffs, as its stack pushed them."""
    async with stack.db.snapshot() as session:
        return await queries.load(session, customer_id)


async def list_tariffs(stack: Stack) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality with its tariffs."""
    async with stack.db.snapshot() as session:
        return await queries.load(session)


@dataclass(frozen=True)
class StoredTariff:
    """A tariff and the name of its municipality."""

    municipality: str
    tariff: Tariff

    @property
    def version(self) -> str:
        """Another text after every change to the tariff or its parts."""
        return version_of(tariff_to_wire(self.tariff, number=str))

    def wire(self) -> dict[str, object]:
        """Return the tariff as it travels, its decimals exact; it can be imported again."""
        return tariff_to_wire(self.tariff, number=lambda number: number) | {"municipality": self.municipality}

    @property
    def key(self) -> Key:
        """Where the tariff stands among all of them: by municipality and first day."""
        return self.municipality, self.tariff.effective_from.isoformat(), f"{self.tariff.id or 0:010}"


async def page_of_tariffs(stack: Stack, asked: Asked = EVERYTHING) -> Page[StoredTariff]:
    """Return a page of tariffs by municipality and first day."""
    found = sorted(_each(await list_tariffs(stack)), key=lambda each: each.key)
    following = [each for each in found if asked.after is None or each.key > asked.after]
    return page_of(following, asked, lambda each: each.key)


async def get_tariff(stack: Stack, tariff_id: int) -> StoredTariff:
    """Return one tariff. Raises `NotFound`."""
    return _with_id(await list_tariffs(stack), tariff_id)


async def remove_tariff(stack: Stack, tariff_id: int, expected: Collection[str] | None = None) -> None:
    """Delete a tariff of one of the `expected` versions (None: any), with its parts. Raises `NotFound`, `Outdated`."""
    async with stack.db.transaction() as session:
        there = _with_id(await _locked(session, tariff_id, expected), tariff_id)
        await queries.delete(session, tariff_id)
        state = there.tariff, there.municipality
        await audit.record(session, "tariff.removed", title_of(*state), tariff_change_in_words(state, None))


async def _locked(
    session: AsyncSession, tariff_id: int | None, expected: Collection[str] | None
) -> tuple[MunicipalTariffs, ...]:
    """Return all tariffs, after the one of this id, if any, was locked and found to be of an expected version."""
    if tariff_id is not None and not await queries.lock(session, tariff_id):
        raise NotFound(_NO_TARIFF)
    municipalities = await queries.load(session)
    if tariff_id is not None:
        require_version(_with_id(municipalities, tariff_id).version, expected)
    return municipalities


def _each(municipalities: Iterable[MunicipalTariffs]) -> list[StoredTariff]:
    return [
        StoredTariff(municipality.name, tariff)
        for municipality in municipalities
        for tariff in municipality.tariffs
    ]


def _with_id(municipalities: Iterable[MunicipalTariffs], tariff_id: int) -> StoredTariff:
    found = next((each for each in _each(municipalities) if each.tariff.id == tariff_id), None)
    if found is None:
        raise NotFound(_NO_TARIFF)
    return found


async def save_tariff(
    stack: Stack, raw: object, expected: Collection[str] | None = None, *, is_confirmed: bool = False
) -> int:
    """Store one tariff given as decoded JSON: under its `id` where it has one, else as a new one. Returns its id.

    `expected` are the versions of the stored one that it may replace, None for any; `is_confirmed` says that rates
    below zero are meant. Raises `Invalid` with every problem, `NotFound` when it was deleted meanwhile, `Outdated`,
    `Conflict` when its municipality has another of that name and first day.
    """
    tariff = read_tariff(raw)
    if not is_confirmed and (unconfirmed := unconfirmed_problems(tariff)):
        raise invalid_tariff(unconfirmed)
    async with stack.db.transaction() as session:
        municipalities = await _locked(session, tariff.id, expected)
        assigned, problems = assign_municipality(
            tariff, {municipality.name: municipality.municipality_id for municipality in municipalities}
        )
        problems += competing_problems(
            assigned, [each for municipality in municipalities for each in municipality.tariffs]
        )
        if problems:
            raise invalid_tariff(problems)
        _refuse_twin(assigned[0], municipalities)
        return await _store(session, replace(assigned[0], municipality=None), municipalities)


async def _store(session: AsyncSession, tariff: Tariff, municipalities: tuple[MunicipalTariffs, ...]) -> int:
    """Store a tariff that is sound, and write down what is another than before; returns its id."""
    before = None if tariff.id is None else _with_id(municipalities, tariff.id)
    if before is not None and before.tariff == tariff:
        return before.tariff.id or 0
    now = (
        tariff,
        next(
            municipality.name
            for municipality in municipalities
            if municipality.municipality_id == tariff.municipality_id
        ),
    )
    was = None if before is None else (before.tariff, before.municipality)
    await audit.record(session, "tariff.saved", title_of(*(was or now)), tariff_change_in_words(was, now))
    if tariff.id is None:
        return await queries.upsert(session, tariff)
    await queries.update(session, tariff)
    return tariff.id


def _refuse_twin(tariff: Tariff, municipalities: tuple[MunicipalTariffs, ...]) -> None:
    for municipality in municipalities:
        for other in municipality.tariffs:
            same = (other.municipality_id, other.name, other.effective_from)
            if other.id != tariff.id and same == (tariff.municipality_id, tariff.name, tariff.effective_from):
                message = say(
                    "There is a tariff {name} from {effective_from} in {name_2} already",
                    name=f"{other.name!r}",
                    effective_from=other.effective_from,
                    name_2=municipality.name,
                )
                raise Conflict(message)
