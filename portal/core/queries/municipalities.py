"""A Client's municipalities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.domain.pages import EVERYTHING, Asked, Key
from portal.core.versions import version_of

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


_MUNICIPALITIES = "SELECT id, name, time_zone_id FROM app.municipalities "


async def list_municipalities(
    session: AsyncSession, asked: Asked = EVERYTHING
) -> tuple[MunicipalityLine, ...]:
    """Return municipalities by name; the key of a page is the name."""
    where = "" if asked.after is None else "WHERE name > :name "
    after = {} if asked.after is None else {"name": asked.after[0]}
    statement = f"{_MUNICIPALITIES}{where}ORDER BY name LIMIT CAST(:fetched AS bigint)"
    rows = await session.execute(text(statement), {"fetched": asked.fetched, **after})
    return tuple(MunicipalityLine(*row) for row in rows)


async def get_municipality(
    session: AsyncSession, municipality_id: int, *, for_change: bool = False
) -> MunicipalityLine | None:
    """Return one municipality; `for_change` keeps it as it is until the end of the transaction."""
    lock = " FOR NO KEY UPDATE" if for_change else ""
    rows = await session.execute(text(f"{_MUNICIPALITIES}WHERE id = :id{lock}"), {"id": municipality_id})
    row = rows.one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def find_municipality(session: AsyncSession, name: str) -> int | None:
    """Return the id of a municipality by its name."""
    return await session.scalar(text("SELECT id FROM app.municipalities WHERE name = :name"), {"name": name})


async def insert_municipality(session: AsyncSession, values: Mapping[str, object]) -> MunicipalityLine | None:
    """Add a municipality of a `name` and a `time_zone_id`; None when the name is taken."""
    rows = await session.execute(
        text(
            "INSERT INTO app.municipalities (name, time_zone_id) VALUES (:name, :time_zone_id) "
            "ON CONFLICT (name) DO NOTHING RETURNING id, name, time_zone_id"
        ),
        values,
    )
    row = rows.one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def name_is_taken(session: AsyncSession, name: str, but: int) -> bool:
    """Tell whether a municipality other than `but` has this name."""
    found = await session.scalar(
        text("SELECT id FROM app.municipalities WHERE name = :name AND id <> :but"),
        {"name": name, "but": but},
    )
    return found is not None


async def update_municipality(
    session: AsyncSession, municipality_id: int, changes: Mapping[str, object]
) -> MunicipalityLine | None:
    """Change `name` or `time_zone_id`; returns the municipality as it is now, None when there is none."""
    assignments = [f"{name} = :{name}" for name in ("name", "time_zone_id") if name in changes]
    rows = await session.execute(
        text(
            f"UPDATE app.municipalities SET {', '.join([*assignments, 'updated_at = now()'])} "
            "WHERE id = :id RETURNING id, name, time_zone_id"
        ),
        {**changes, "id": municipality_id},
    )
    row = rows.one_or_none()
    return None if row is None else MunicipalityLine(*row)


async def is_used(session: AsyncSession, municipality_id: int) -> bool:
    """Tell whether a site or a tariff refers to a municipality."""
    statement = (
        "SELECT EXISTS (SELECT 1 FROM monitoring.sites WHERE municipality_id = :id) "
        "OR EXISTS (SELECT 1 FROM app.tariffs WHERE municipality_id = :id)"
    )
    return bool(await session.scalar(text(statement), {"id": municipality_id}))


async def delete_municipality(session: AsyncSession, municipality_id: int) -> bool:
    """Delete a municipality nothing refers to; tells whether it existed."""
    statement = text("DELETE FROM app.municipalities WHERE id = :id RETURNING id")
    return await session.scalar(statement, {"id": municipality_id}) is not None
