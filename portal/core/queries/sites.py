"""The sites of a Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from portal.core.domain.pages import EVERYTHING, Asked, Key
from portal.core.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class SiteRow:
    """A site with its municipality's name and zone, both None without one."""

    id: UUID
    name: str
    address: str
    municipality_id: int | None
    municipality: str | None
    time_zone_id: str | None
    is_active: bool

    @property
    def version(self) -> str:
        """Another text after every change to the site; its devices and readings have no part in it."""
        return version_of(self.id, self.name, self.address, self.municipality_id, self.is_active)

    @property
    def key(self) -> Key:
        """Where the site stands among all of them."""
        return (self.name,)


_COLUMNS = ("name", "address", "municipality_id", "is_active")
_SITES = (
    "SELECT s.id, s.name, s.address, s.municipality_id, m.name, m.time_zone_id, s.is_active "
    "FROM monitoring.sites s LEFT JOIN app.municipalities m ON m.id = s.municipality_id "
)


async def insert_site(session: AsyncSession, values: Mapping[str, object]) -> UUID | None:
    """Add a site with a value for each of its columns; None when the name is taken."""
    return await session.scalar(
        text(
            "INSERT INTO monitoring.sites (name, address, municipality_id, is_active) "
            "VALUES (:name, :address, :municipality_id, :is_active) ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        values,
    )


async def find_site(session: AsyncSession, name: str) -> UUID | None:
    """Return the id of a site by its name."""
    return await session.scalar(text("SELECT id FROM monitoring.sites WHERE name = :name"), {"name": name})


async def list_sites(session: AsyncSession, asked: Asked = EVERYTHING) -> tuple[SiteRow, ...]:
    """Return sites by name; the key of a page is the name."""
    where = "" if asked.after is None else "WHERE s.name > :name "
    after = {} if asked.after is None else {"name": asked.after[0]}
    statement = f"{_SITES}{where}ORDER BY s.name LIMIT CAST(:fetched AS bigint)"
    rows = await session.execute(text(statement), {"fetched": asked.fetched, **after})
    return tuple(SiteRow(*row) for row in rows)


async def get_site(session: AsyncSession, site_id: UUID, *, for_change: bool = False) -> SiteRow | None:
    """Return one site; `for_change` keeps it as it is until the end of the transaction."""
    if for_change:
        # By itself: a statement that waits for the lock would join what was there before it waited.
        locked = text("SELECT FROM monitoring.sites WHERE id = :id FOR NO KEY UPDATE")
        await session.execute(locked, {"id": site_id})
    rows = await session.execute(text(f"{_SITES}WHERE s.id = :id"), {"id": site_id})
    row = rows.one_or_none()
    return None if row is None else SiteRow(*row)


async def name_is_taken(session: AsyncSession, name: str, but: UUID) -> bool:
    """Tell whether a site other than `but` has this name."""
    found = await session.scalar(
        text("SELECT id FROM monitoring.sites WHERE name = :name AND id <> :but"), {"name": name, "but": but}
    )
    return found is not None


async def update_site(session: AsyncSession, site_id: UUID, changes: Mapping[str, object]) -> bool:
    """Change columns of a site; tells whether it exists."""
    assignments = [f"{name} = :{name}" for name in _COLUMNS if name in changes]
    changed = await session.scalar(
        text(
            f"UPDATE monitoring.sites SET {', '.join([*assignments, 'updated_at = now()'])} "
            "WHERE id = :id RETURNING id"
        ),
        {**changes, "id": site_id},
    )
    return changed is not None


async def has_devices(session: AsyncSession, site_id: UUID) -> bool:
    """Tell whether a device stands at a site."""
    statement = "SELECT EXISTS (SELECT 1 FROM monitoring.devices WHERE site_id = :id)"
    return bool(await session.scalar(text(statement), {"id": site_id}))


async def delete_site(session: AsyncSession, site_id: UUID) -> bool:
    """Delete a site without devices; tells whether it existed."""
    statement = text("DELETE FROM monitoring.sites WHERE id = :id RETURNING id")
    return await session.scalar(statement, {"id": site_id}) is not None
