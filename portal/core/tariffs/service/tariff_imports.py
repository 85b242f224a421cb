"""Tariffs from a file or a request, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from portal.core.audit import queries as audit
from portal.core.errors import Invalid
from portal.core.tariffs.queries import tariffs as queries
from portal.core.tariffs.rules.tariff_changes import tariff_change_in_words, title_of
from portal.core.tariffs.rules.tariff_input import unconfirmed_problems
from portal.core.tariffs.rules.tariff_municipalities import (
    assign_municipalities,
    competing_problems,
    stored_beside,
    stored_key,
)
from portal.core.tariffs.rules.tariff_problems import uncovered_days
from portal.core.tariffs.rules.tariff_wire import read_tariffs
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack
    from portal.core.tariffs.queries.tariffs import MunicipalTariffs
    from portal.core.tariffs.rules.tariffs import Problem, Tariff


@dataclass(frozen=True)
class ImportedTariff:
    """A tariff as stored; `id` is None where it would be new and was only tried. Seasons' periods count too."""

    id: int | None
    municipality: str
    name: str
    effective_from: date
    period_count: int
    replaced: bool


@dataclass(frozen=True)
class UncoveredRun:
    """Local dates, both included, that no active tariff of a municipality prices; `last` None is for ever."""

    municipality: str
    first: date
    last: date | None


@dataclass(frozen=True)
class TariffImport:
    """What was stored, or would be; and the days that are then without a price in those municipalities."""

    tariffs: tuple[ImportedTariff, ...]
    uncovered: tuple[UncoveredRun, ...]


async def import_tariffs(
    stack: Stack, raw: object, *, dry_run: bool = False, is_confirmed: bool = False
) -> TariffImport:
    """Store tariffs given as decoded JSON (an array, or a list as it is answered), all or none; with `dry_run` none.

    Unknown fields are refused, and rates below zero unless `is_confirmed` says that they are meant. A tariff with the
    same municipality, name and first day replaces the one stored.
    Raises `Invalid` with every problem, each with its JSON path, in the order of the array.
    """
    async with stack.db.transaction() as session:
        if not dry_run:
            await queries.lock_all(session)
        municipalities = await queries.load(session)
        assigned = list(_sound(raw, municipalities, is_confirmed=is_confirmed).values())
        ids = (
            dict.fromkeys(map(stored_key, assigned))
            if dry_run
            else await _store(session, assigned, municipalities)
        )
    return TariffImport(
        tuple(_imported(tariff, municipalities, ids[stored_key(tariff)]) for tariff in assigned),
        _uncovered(assigned, municipalities),
    )


def _sound(
    raw: object, municipalities: tuple[MunicipalTariffs, ...], *, is_confirmed: bool
) -> dict[int, Tariff]:
    """Return the tariffs with their municipalities' ids; their own ids, if any, say nothing here."""
    tariffs, problems = read_tariffs(_listed(raw), strict=True)
    nameless = {index: replace(tariff, id=None) for index, tariff in tariffs.items()}
    unread = {problem.path for problem in problems}
    assigned, unassigned = assign_municipalities(
        nameless, {municipality.name: municipality.municipality_id for municipality in municipalities}, unread
    )
    if not is_confirmed:
        for index, tariff in tariffs.items():
            problems += unconfirmed_problems(tariff, f"[{index}]")
    problems += unassigned + competing_problems(assigned, _stored(municipalities), unread)
    if problems:
        raise _invalid(sorted(problems, key=_index_in_array))
    return assigned


def _listed(raw: object) -> object:
    """Return the array of tariffs: as it is, or out of a list as the API and `portal tariff list` answer it."""
    if not isinstance(raw, Mapping):
        return raw
    fields = cast("Mapping[str, object]", raw)
    is_list = "tariffs" in fields and fields.keys() <= {"tariffs", "next"}
    return fields["tariffs"] if is_list else fields


def _stored(municipalities: tuple[MunicipalTariffs, ...]) -> list[Tariff]:
    return [tariff for municipality in municipalities for tariff in municipality.tariffs]


def _index_in_array(problem: Problem) -> int:
    digits = problem.path[1:].partition("]")[0]
    return int(digits) if digits.isdecimal() else -1


def _invalid(problems: list[Problem]) -> Invalid:
    lines = [f"{path}: {message}" if path else message for path, message in problems]
    # One to a line where there are more: a clerk goes through them one by one.
    words = lines[0] if len(lines) == 1 else "".join(f"\n  {line}" for line in lines)
    listed = [{"path": path, "message": message} for path, message in problems]
    separator = " " if len(lines) == 1 else ""
    return Invalid(
        say("No tariff was imported:{separator}{words}", separator=separator, words=words),
        details={"problems": listed},
    )


async def _store(
    session: AsyncSession, assigned: list[Tariff], municipalities: tuple[MunicipalTariffs, ...]
) -> dict[tuple[object, ...], int | None]:
    """Store what is not there already, and write down what is another than before; returns the ids."""
    ids: dict[tuple[object, ...], int | None] = {}
    done: list[tuple[str, str]] = []
    for tariff in assigned:
        before, municipality = (
            _before(tariff, municipalities),
            _names(municipalities)[tariff.municipality_id or 0],
        )
        if before is not None and replace(before, id=None) == replace(tariff, municipality=None):
            ids[stored_key(tariff)] = before.id
            continue
        ids[stored_key(tariff)] = await queries.upsert(session, tariff)
        was = None if before is None else (before, municipality)
        now = tariff, municipality
        done.append((title_of(*now), tariff_change_in_words(was, now)))
    await audit.record_each(session, "tariff.imported", done)
    return ids


def _before(tariff: Tariff, municipalities: tuple[MunicipalTariffs, ...]) -> Tariff | None:
    return next((each for each in _stored(municipalities) if stored_key(each) == stored_key(tariff)), None)


def _imported(
    tariff: Tariff, municipalities: tuple[MunicipalTariffs, ...], tariff_id: int | None
) -> ImportedTariff:
    before = _before(tariff, municipalities)
    return ImportedTariff(
        id=tariff_id if before is None else before.id,
        municipality=_names(municipalities)[tariff.municipality_id or 0],
        name=tariff.name,
        effective_from=tariff.effective_from,
        period_count=len(tariff.periods) + sum(len(season.periods) for season in tariff.seasons),
        replaced=before is not None,
    )


def _names(municipalities: tuple[MunicipalTariffs, ...]) -> Mapping[int, str]:
    return {municipality.municipality_id: municipality.name for municipality in municipalities}


def _uncovered(
    assigned: Collection[Tariff], municipalities: tuple[MunicipalTariffs, ...]
) -> tuple[UncoveredRun, ...]:
    touched = {tariff.municipality_id for tariff in assigned}
    left = [*stored_beside(assigned, _stored(municipalities)), *assigned]
    return tuple(
        UncoveredRun(municipality.name, run.first, run.last)
        for municipality in municipalities
        if municipality.municipality_id in touched
        for run in uncovered_days(
            each for each in left if each.municipality_id == municipality.municipality_id
        )
    )
