"""A Client's municipalities, and the removal of a tariff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class MunicipalityLine:
    """A municipality with its IANA zone."""

    id: int
    name: str
    time_zone_id: str


async def list_municipalities(session: AsyncSession) -> tuple[MunicipalityLine, ...]:
    """Return every municipality by name."""
    rows = await session.execute(text("SELECT id, name, time_zone_id FROM app.municipalities ORDER BY name"))
    return tuple(MunicipalityLine(*row) for row in rows)


async def find_municipality(session: AsyncSession, municipality_id: int) -> MunicipalityLine | None:
    """Return one municipality."""
    rows = await session.execute(
        text("SELECT id, name, time_zone_id FROM app.municipalities WHERE id = :id"), {"id": municipality_id}
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
    session: AsyncSession, municipality_id: int, changes: dict[str, str]
) -> MunicipalityLine | None:
    """Change `name` or `time_zone_id`; returns the municipality as it is now, None when there is none."""
    assignments = [f"{name} = :{name}" for name in ("name", "time_zone_id") if name in changes]
    bound: dict[str, Any] = {**changes, "id": municipality_id}
    rows = await session.execute(
        text(
            f"UPDATE app.municipalities SET {', '.join([*assignments, 'updated_at = now()'])} "
            "WHERE id = :id RETURNING id, name, time_zone_id"
        ),
        bound,
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


async def delete_tariff(session: AsyncSession, tariff_id: int) -> bool:
    """Delete a tariff with its parts; tells whether it existed."""
    statement = text("DELETE FROM app.tariffs WHERE id = :id RETURNING id")
    return await session.scalar(statement, {"id": tariff_id}) is not None
