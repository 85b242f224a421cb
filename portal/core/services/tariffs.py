"""A Client's tariffs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import holidays as holiday_table

from portal.core.domain.cost import CostReport
from portal.core.domain.tariff_drafts import Preset, presets_from
from portal.core.domain.tariff_problems import neighbour_problems
from portal.core.domain.tariff_wire import TariffInvalid, tariff_from_wire, tariffs_from_wire
from portal.core.domain.tariffs import DayType, Holiday
from portal.core.domain.time import local_midnight
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.queries import audit
from portal.core.queries import tariffs as queries
from portal.core.queries.cost import CostScope, zone_named
from portal.core.queries.cost_report import load_report

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.domain.tariffs import Tariff
    from portal.core.queries.tariffs import MunicipalTariffs
    from portal.core.stack import Stack

_MOST_HOLIDAY_DAYS = 3 * 366


@dataclass(frozen=True)
class ImportedTariff:
    """A tariff as stored."""

    id: int
    municipality: str
    name: str
    period_count: int


async def import_tariffs(stack: Stack, raw: object) -> tuple[ImportedTariff, ...]:
    """Store tariffs given as decoded JSON (SPEC 9.4's shape), all of them or none.

    A tariff with the same municipality, name and first day replaces the one stored. Raises `Invalid`
    with every problem, each with its JSON path.
    """
    try:
        tariffs = tariffs_from_wire(raw)
    except TariffInvalid as error:
        raise _invalid([{"path": p.path, "message": p.message} for p in error.problems]) from None
    async with stack.db.transaction() as session:
        places = await queries.load(session, queries.CLIENT)
        placed, problems = _place(tariffs, places)
        problems += _neighbours(placed, places)
        if problems:
            raise _invalid(problems)
        names = {place.municipality_id: place.name for place in places}
        await audit.record(session, "tariff.imported", ", ".join(tariff.name for tariff in placed))
        return tuple(
            [
                ImportedTariff(
                    await queries.upsert(session, tariff),
                    names[tariff.municipality_id or 0],
                    tariff.name,
                    len(tariff.periods),
                )
                for tariff in placed
            ]
        )


async def list_customer_tariffs(stack: Stack, customer_id: UUID) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality of a customer with its tariffs, as its stack pushed them."""
    async with stack.db.snapshot() as session:
        return await queries.load(session, queries.FLEET, customer_id)


async def list_tariffs(stack: Stack) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality with its tariffs."""
    async with stack.db.snapshot() as session:
        return await queries.load(session, queries.CLIENT)


@dataclass(frozen=True)
class Comparison:
    """What a month cost, and what it would have cost under a draft. Energy and fixed charges, with VAT."""

    from_at: datetime
    to_at: datetime
    actual: CostReport
    draft: CostReport


def read_tariff(raw: object) -> Tariff:
    """Return the tariff of a decoded JSON object, not stored. Raises `Invalid` with every problem."""
    try:
        return tariff_from_wire(raw)
    except TariffInvalid as error:
        raise _invalid([{"path": p.path, "message": p.message} for p in error.problems]) from None


async def save_tariff(stack: Stack, raw: object) -> int:
    """Store one tariff given as decoded JSON: under its `id` where it has one, else as a new one. Returns its id.

    Raises `Invalid` with every problem, `NotFound` when it was deleted meanwhile, `Conflict` when its municipality
    has another of that name and first day.
    """
    tariff = read_tariff(raw)
    async with stack.db.transaction() as session:
        places = await queries.load(session, queries.CLIENT)
        placed, problems = _place((tariff,), places)
        problems += _neighbours(placed, places)
        if problems:
            raise _invalid([problem | {"path": problem["path"].removeprefix("[0].")} for problem in problems])
        _refuse_twin(placed[0], places)
        await audit.record(session, "tariff.saved", placed[0].name)
        if placed[0].id is None:
            return await queries.upsert(session, placed[0])
        if not await queries.update(session, placed[0]):
            message = "This tariff has been deleted meanwhile"
            raise NotFound(message)
        return placed[0].id


async def compare_last_month(stack: Stack, raw: object) -> Comparison:
    """Price the last whole local month of a municipality's sites under a draft, beside what it did cost.

    The draft (decoded JSON) holds for the whole month whatever its window. Raises `Invalid` with every problem.
    """
    draft = read_tariff(raw)
    await stack.storage.refresh(stack.db)
    async with stack.db.snapshot() as session:
        places = await queries.load(session, queries.CLIENT)
        placed, problems = _place((draft,), places)
        if problems:
            raise _invalid(problems)
        place = next(place for place in places if place.municipality_id == placed[0].municipality_id)
        zone = zone_named(place.time_zone_id) or ZoneInfo("UTC")
        first, last = _last_month(stack.clock(), zone)
        always = replace(
            placed[0], id=None, effective_from=date(2000, 1, 1), effective_to=None, is_active=True
        )
        scope = CostScope(first, last)
        billing = stack.settings.billing
        max_gap = timedelta(minutes=billing.max_gap_minutes)
        return Comparison(
            first,
            last,
            await load_report(session, scope, billing.currency, max_gap, [place]),
            await load_report(session, scope, billing.currency, max_gap, [replace(place, tariffs=(always,))]),
        )


def _last_month(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    this = now.astimezone(zone).date().replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    return local_midnight(before, zone), local_midnight(this, zone)


def presets() -> tuple[Preset, ...]:
    """Return the figures that a new tariff can start from. None of them is official."""
    raw = resources.files("portal.core").joinpath("presets/za_tariffs.json").read_text(encoding="utf-8")
    return presets_from(json.loads(raw))


def public_holidays(country: str, first: date, last: date) -> tuple[Holiday, ...]:
    """Return a country's public holidays from first to last day, each acting as a Sunday until somebody says otherwise.

    `country` is an ISO 3166 code like ZA. Raises `Invalid` for one that is not known.
    """
    last = min(last, first + timedelta(days=_MOST_HOLIDAY_DAYS))
    try:
        found = holiday_table.country_holidays(
            country, years=range(first.year, last.year + 1), language="en_US"
        )
    except NotImplementedError:
        message = f"No public holidays are known for {country!r}: use a country code of two letters, like ZA"
        raise Invalid(message) from None
    return tuple(Holiday(on, str(found[on]), DayType.SUNDAY) for on in sorted(found) if first <= on <= last)


def _refuse_twin(tariff: Tariff, places: tuple[MunicipalTariffs, ...]) -> None:
    for place in places:
        for other in place.tariffs:
            same = (other.municipality_id, other.name, other.effective_from)
            if other.id != tariff.id and same == (tariff.municipality_id, tariff.name, tariff.effective_from):
                message = (
                    f"There is a tariff {other.name!r} from {other.effective_from} in {place.name} already"
                )
                raise Conflict(message)


def _neighbours(placed: list[Tariff], places: tuple[MunicipalTariffs, ...]) -> list[dict[str, Any]]:
    """Return the tariffs that would begin on the same day as another; those that are replaced do not count."""
    replaced = {(t.municipality_id, t.name, t.effective_from) for t in placed}
    ids = {tariff.id for tariff in placed if tariff.id is not None}
    stored = [
        tariff
        for place in places
        for tariff in place.tariffs
        if tariff.id not in ids
        and (tariff.municipality_id, tariff.name, tariff.effective_from) not in replaced
    ]
    return [{"path": p.path, "message": p.message} for p in neighbour_problems(placed, stored)]


def _place(
    tariffs: tuple[Tariff, ...], places: tuple[MunicipalTariffs, ...]
) -> tuple[list[Tariff], list[dict[str, Any]]]:
    """Give each tariff its municipality's id, by name where it names one."""
    by_name = {place.name: place.municipality_id for place in places}
    known = set(by_name.values())
    placed: list[Tariff] = []
    problems: list[dict[str, Any]] = []
    for index, tariff in enumerate(tariffs):
        key = by_name.get(tariff.municipality) if tariff.municipality else tariff.municipality_id
        if key in known:
            placed.append(replace(tariff, municipality_id=key))
        else:
            field = "municipality" if tariff.municipality else "municipalityId"
            wanted = tariff.municipality or tariff.municipality_id
            problems.append({"path": f"[{index}].{field}", "message": f"there is no municipality {wanted!r}"})
    return placed, problems


def _invalid(problems: list[dict[str, Any]]) -> Invalid:
    words = "; ".join(f"{p['path']}: {p['message']}" for p in problems)
    return Invalid(f"The tariffs were not imported: {words}", details={"problems": problems})
