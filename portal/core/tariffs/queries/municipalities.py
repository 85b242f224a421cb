"""A Client's municipalities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.sites.tables import Site
from portal.core.tariffs.tables import Municipality, TariffRecord
from portal.core.values.pages import EVERYTHING, Asked, Key
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class MunicipalityLine:
    """A municipality with its IANA zone."""

    id: int
    name: str
    time_zone_id: str

    @property
    def version(self) -> str:
        """Another text after every change to the municipality; its tariffs have no part in it."""
        return version_of(self.id, self.name, self.time_zone_id)

    @property
    def key(self) -> Key:
        """Where the municipality stands among all of them."""
        return (self.name,)


_COLUMNS = ("name", "time_zone_id")
_LINE = (col(Municipality.id), col(Municipality.name), col(Municipality.time_zone_id))


async def list_municipalities(
    session: AsyncSession, asked: Asked = EVERYTHING
) -> tuple[MunicipalityLine, ...]:
    """Return municipalities by name; the key of a page is the name."""
    lines = select(*_LINE)
    if asked.after is not None:
        lines = lines.where(col(Municipality.name) > asked.after[0])
    rows = await session.execute(lines.order_by(col(Municipality.name)).limit(asked.fetched))
    return tuple(MunicipalityLine(*row) for row in rows)


async def get_municipality(
    session: AsyncSession, municipality_id: int, *, for_change: bool = False
) -> MunicipalityLine | None:
    """Return one municipality; `for_change` keeps it as it is until the end of the transaction."""
    line = select(*_LINE).where(col(Municipality.id) == municipality_id)
    asked = line.with_for_update(key_share=True) if for_change else line
    row = (await session.execute(asked)).one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def find_municipality(session: AsyncSession, name: str) -> int | None:
    """Return the id of a municipality by its name."""
    return await session.scalar(select(col(Municipality.id)).where(col(Municipality.name) == name))


async def insert_municipality(session: AsyncSession, values: Mapping[str, object]) -> MunicipalityLine | None:
    """Add a municipality of a `name` and a `time_zone_id`; None when the name is taken."""
    new = insert(Municipality).values({name: values[name] for name in _COLUMNS})
    made = new.on_conflict_do_nothing(index_elements=[col(Municipality.name)]).returning(*_LINE)
    row = (await session.execute(made)).one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def name_is_taken(session: AsyncSession, name: str, but: int) -> bool:
    """Tell whether a municipality other than `but` has this name."""
    other = select(col(Municipality.id)).where(col(Municipality.name) == name, col(Municipality.id) != but)
    return await session.scalar(other) is not None


async def update_municipality(
    session: AsyncSession, municipality_id: int, changes: Mapping[str, object]
) -> MunicipalityLine | None:
    """Change `name` or `time_zone_id`; returns the municipality as it is now, None when there is none."""
    values = {name: changes[name] for name in _COLUMNS if name in changes}
    changed = update(Municipality).where(col(Municipality.id) == municipality_id)
    rows = await session.execute(changed.values(**values, updated_at=func.now()).returning(*_LINE))
    row = rows.one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def is_used(session: AsyncSession, municipality_id: int) -> bool:
    """Tell whether a site or a tariff refers to a municipality."""
    site = select(col(Site.id)).where(col(Site.municipality_id) == municipality_id).exists()
    tariff = select(col(TariffRecord.id)).where(col(TariffRecord.municipality_id) == municipality_id).exists()
    return bool(await session.scalar(select(or_(site, tariff))))


async def delete_municipality(session: AsyncSession, municipality_id: int) -> bool:
    """Delete a municipality nothing refers to; tells whether it existed."""
    gone = delete(Municipality).where(col(Municipality.id) == municipality_id).returning(col(Municipality.id))
    return await session.scalar(gone) is not None
