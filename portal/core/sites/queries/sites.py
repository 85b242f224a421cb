"""The sites of a Client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.sites.tables import Device, Site
from portal.core.tariffs.tables import Municipality
from portal.core.values.pages import EVERYTHING, Asked, Key
from portal.core.values.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class StoredSite:
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
_SITES = select(
    col(Site.id),
    col(Site.name),
    col(Site.address),
    col(Site.municipality_id),
    col(Municipality.name),
    col(Municipality.time_zone_id),
    col(Site.is_active),
).join(Municipality, col(Municipality.id) == col(Site.municipality_id), isouter=True)


async def insert_site(session: AsyncSession, values: Mapping[str, object]) -> UUID | None:
    """Add a site with a value for each of its columns; None when the name is taken."""
    new = insert(Site).values({name: values[name] for name in _COLUMNS})
    return await session.scalar(
        new.on_conflict_do_nothing(index_elements=[col(Site.name)]).returning(col(Site.id))
    )


async def find_site(session: AsyncSession, name: str) -> UUID | None:
    """Return the id of a site by its name."""
    return await session.scalar(select(col(Site.id)).where(col(Site.name) == name))


async def list_sites(session: AsyncSession, asked: Asked = EVERYTHING) -> tuple[StoredSite, ...]:
    """Return sites by name; the key of a page is the name."""
    sites = _SITES if asked.after is None else _SITES.where(col(Site.name) > asked.after[0])
    rows = await session.execute(sites.order_by(col(Site.name)).limit(asked.fetched))
    return tuple(StoredSite(*row) for row in rows)


async def get_site(session: AsyncSession, site_id: UUID, *, for_change: bool = False) -> StoredSite | None:
    """Return one site; `for_change` keeps it as it is until the end of the transaction."""
    if for_change:
        # By itself: a statement that waits for the lock would join what was there before it waited.
        locked = select(col(Site.id)).where(col(Site.id) == site_id).with_for_update(key_share=True)
        await session.execute(locked)
    row = (await session.execute(_SITES.where(col(Site.id) == site_id))).one_or_none()
    return None if row is None else StoredSite(*row)


async def name_is_taken(session: AsyncSession, name: str, but: UUID) -> bool:
    """Tell whether a site other than `but` has this name."""
    other = select(col(Site.id)).where(col(Site.name) == name, col(Site.id) != but)
    return await session.scalar(other) is not None


async def update_site(session: AsyncSession, site_id: UUID, changes: Mapping[str, object]) -> bool:
    """Change columns of a site; tells whether it exists."""
    values = {name: changes[name] for name in _COLUMNS if name in changes}
    changed = update(Site).where(col(Site.id) == site_id).values(**values, updated_at=func.now())
    return await session.scalar(changed.returning(col(Site.id))) is not None


async def has_devices(session: AsyncSession, site_id: UUID) -> bool:
    """Tell whether a device stands at a site."""
    device = select(col(Device.id)).where(col(Device.site_id) == site_id).limit(1)
    return await session.scalar(device) is not None


async def delete_site(session: AsyncSession, site_id: UUID) -> bool:
    """Delete a site without devices; tells whether it existed."""
    gone = delete(Site).where(col(Site.id) == site_id).returning(col(Site.id))
    return await session.scalar(gone) is not None
