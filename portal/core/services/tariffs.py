"""A Client's tariffs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.core.domain.tariff_wire import TariffInvalid, tariffs_from_wire
from portal.core.errors import Invalid
from portal.core.queries import tariffs as queries

if TYPE_CHECKING:
    from portal.core.domain.tariffs import Tariff
    from portal.core.queries.tariffs import MunicipalTariffs
    from portal.core.stack import Stack


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
        if problems:
            raise _invalid(problems)
        names = {place.municipality_id: place.name for place in places}
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


async def list_tariffs(stack: Stack) -> tuple[MunicipalTariffs, ...]:
    """Return every municipality with its tariffs."""
    async with stack.db.snapshot() as session:
        return await queries.load(session, queries.CLIENT)


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
