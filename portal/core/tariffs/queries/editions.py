"""The operator's library of tariffs, and how many customers have each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import col

from portal.core.tariffs.rules.editions import Edition
from portal.core.tariffs.rules.tariff_wire import tariff_from_wire
from portal.core.tariffs.tables import FleetMunicipality, FleetTariff, TariffEdition
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class StoredEdition:
    """An edition of the library. `customers` have a municipality of its name, and `taken_over` of them its tariff."""

    edition: Edition
    is_published: bool
    changed_at: datetime
    customers: int = 0
    taken_over: int = 0

    @property
    def mark(self) -> str:
        """Another text after every change of what can be changed of it."""
        return version_of(str(self.edition.id), self.edition.version, self.is_published)


@dataclass(frozen=True)
class Spread:
    """How many customers have a municipality, by its name in lower case, and a tariff of it by name and first day."""

    municipalities: dict[str, int]
    tariffs: dict[tuple[str, str, date], int]


async def list_editions(session: AsyncSession) -> list[StoredEdition]:
    """Return every edition by municipality, the last first day first, with how many customers have it."""
    spread = await _spread(session)
    order = func.lower(col(TariffEdition.municipality)), col(TariffEdition.effective_from).desc()
    found = await session.scalars(select(TariffEdition).order_by(*order, col(TariffEdition.name)))
    return [_stored(row, spread) for row in found]


async def find_edition(
    session: AsyncSession, edition_id: UUID, *, for_change: bool = False
) -> StoredEdition | None:
    """Return one edition; `for_change` keeps it as it is until the end of the transaction."""
    wanted = select(TariffEdition).where(col(TariffEdition.id) == edition_id)
    row = await session.scalar(wanted.with_for_update() if for_change else wanted)
    return None if row is None else _stored(row, None if for_change else await _spread(session))


async def find_like(session: AsyncSession, edition: Edition) -> StoredEdition | None:
    """Return the edition of the same municipality, name and first day, kept as it is until the transaction's end."""
    wanted = select(TariffEdition).where(
        func.lower(col(TariffEdition.municipality)) == edition.municipality.lower(),
        col(TariffEdition.name) == edition.tariff.name,
        col(TariffEdition.effective_from) == edition.tariff.effective_from,
    )
    row = await session.scalar(wanted.with_for_update())
    return None if row is None else _stored(row, None)


async def zone_of(session: AsyncSession, municipality: str) -> str | None:
    """Return the time zone that is known of a municipality: from the library, else from a customer that has it."""
    for table in (TariffEdition, FleetMunicipality):
        name = col(table.municipality) if table is TariffEdition else col(FleetMunicipality.name)
        wanted = select(col(table.time_zone_id)).where(func.lower(name) == municipality.lower()).limit(1)
        if (found := await session.scalar(wanted)) is not None:
            return found
    return None


async def insert_edition(session: AsyncSession, edition: Edition) -> None:
    """Add an edition that nobody is offered yet."""
    await session.execute(insert(TariffEdition).values(id=edition.id, **_columns(edition)))


async def update_edition(session: AsyncSession, edition: Edition) -> None:
    """Put an edition in the municipality of the one of its id."""
    changed = update(TariffEdition).where(col(TariffEdition.id) == edition.id)
    await session.execute(changed.values(**_columns(edition), changed_at=func.now()))


async def set_published(session: AsyncSession, edition_id: UUID, *, is_published: bool) -> None:
    """Offer an edition to every customer, or to nobody."""
    changed = update(TariffEdition).where(col(TariffEdition.id) == edition_id)
    await session.execute(changed.values(is_published=is_published, changed_at=func.now()))


async def delete_edition(session: AsyncSession, edition_id: UUID) -> None:
    """Delete an edition."""
    await session.execute(delete(TariffEdition).where(col(TariffEdition.id) == edition_id))


async def published_versions(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Return what is offered: ids with their versions."""
    wanted = select(col(TariffEdition.id), col(TariffEdition.version)).where(col(TariffEdition.is_published))
    return [(key, version) for key, version in await session.execute(wanted)]


async def list_published(session: AsyncSession, after: UUID | None, most: int) -> list[tuple[Edition, str]]:
    """Return what is offered, each with its version, by id, at most so many, from behind an id on."""
    wanted = select(TariffEdition).where(col(TariffEdition.is_published)).order_by(col(TariffEdition.id))
    if after is not None:
        wanted = wanted.where(col(TariffEdition.id) > after)
    return [(_stored(row, None).edition, row.version) for row in await session.scalars(wanted.limit(most))]


# Any: columns of the table, which a test compares.
def _columns(edition: Edition) -> dict[str, Any]:
    return {
        "municipality": edition.municipality,
        "time_zone_id": edition.time_zone_id,
        "source": edition.source,
        "version": edition.version,
        "name": edition.tariff.name,
        "effective_from": edition.tariff.effective_from,
        "tariff": edition.wire(),
    }


def _stored(row: TariffEdition, spread: Spread | None) -> StoredEdition:
    tariff = tariff_from_wire({**row.tariff, "municipality": row.municipality})
    edition = Edition(row.id, row.municipality, row.time_zone_id, row.source, tariff)
    if spread is None:
        return StoredEdition(edition, row.is_published, row.changed_at)
    municipality = row.municipality.lower()
    return StoredEdition(
        edition,
        row.is_published,
        row.changed_at,
        spread.municipalities.get(municipality, 0),
        spread.tariffs.get((municipality, row.name, row.effective_from), 0),
    )


async def _spread(session: AsyncSession) -> Spread:
    municipality = func.lower(col(FleetMunicipality.name))
    customers = func.count(col(FleetMunicipality.customer_id).distinct())
    municipalities = (
        select(municipality, customers)
        .where(col(FleetMunicipality.ended_at).is_(None))
        .where(municipality.in_(select(func.lower(col(TariffEdition.municipality)))))
        .group_by(municipality)
    )
    of_tariff = (col(FleetMunicipality.customer_id) == col(FleetTariff.customer_id)) & (
        col(FleetMunicipality.id) == col(FleetTariff.municipality_id)
    )
    named = col(FleetTariff.name), col(FleetTariff.effective_from)
    tariffs = (
        select(municipality, *named, customers)
        .join(FleetTariff, of_tariff)
        .where(col(FleetTariff.ended_at).is_(None), col(FleetTariff.is_active))
        .where(col(FleetTariff.name).in_(select(col(TariffEdition.name))))
        .group_by(municipality, *named)
    )
    return Spread(
        {name: count for name, count in await session.execute(municipalities)},  # noqa: C416 - of rows
        {
            (municipality, name, first): count
            for municipality, name, first, count in await session.execute(tariffs)
        },
    )
