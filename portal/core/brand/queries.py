"""The brand's settings and images. A change says so on the channel `CHANGED`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Integer, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.brand.tables import BrandImage, Branding

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

CHANGED = "portal_brand_changed"


@dataclass(frozen=True)
class BrandRow:
    """The stored brand; `version` changes with whatever is seen of it."""

    product_name: str
    primary_color: str
    accent_color: str
    appearance: str
    updated_at: datetime


@dataclass(frozen=True)
class StoredImage:
    """A logo or icon as it was uploaded."""

    content: bytes
    media_type: str
    updated_at: datetime


_BRAND = (
    col(Branding.product_name),
    col(Branding.primary_color),
    col(Branding.accent_color),
    col(Branding.appearance),
)
_NAMES = ("product_name", "primary_color", "accent_color", "appearance")
_IMAGE = (col(BrandImage.content), col(BrandImage.media_type))


async def find(session: AsyncSession) -> BrandRow | None:
    """Return the stored brand, if one was ever saved."""
    row = (await session.execute(select(*_BRAND, col(Branding.updated_at)))).one_or_none()
    return None if row is None else BrandRow(*row)


async def save(session: AsyncSession, values: Mapping[str, str]) -> bool:
    """Store a value for each of name, colours and appearance; tells whether any is another one than before."""
    new = insert(Branding).values(id=1, **values)
    given = {name: new.excluded[name] for name in _NAMES}
    stored = new.on_conflict_do_update(
        index_elements=[col(Branding.id)],
        set_={**given, "updated_at": func.clock_timestamp()},
        where=tuple_(*_BRAND).is_distinct_from(tuple_(*given.values())),
    )
    changed = await session.scalar(stored.returning(col(Branding.id)))
    if changed is not None:
        await _announce(session)
    return changed is not None


def _fits(most_bytes: int) -> ColumnElement[bool]:
    return func.octet_length(col(BrandImage.content)) <= most_bytes


async def image_times(session: AsyncSession, most_bytes: int) -> dict[str, datetime]:
    """Return which images of at most so many bytes there are, and since when."""
    images = select(col(BrandImage.kind), col(BrandImage.updated_at)).where(_fits(most_bytes))
    return dict((await session.execute(images)).all())


async def find_image(session: AsyncSession, kind: str, most_bytes: int) -> StoredImage | None:
    """Return an image of at most so many bytes; a larger one does not leave the database."""
    image = select(*_IMAGE, col(BrandImage.updated_at))
    found = await session.execute(image.where(col(BrandImage.kind) == kind, _fits(most_bytes)))
    row = found.one_or_none()
    return None if row is None else StoredImage(*row)


async def look_at_image(session: AsyncSession, kind: str) -> tuple[str, int] | None:
    """Return type and size in bytes of the image there is, if any."""
    size = func.octet_length(col(BrandImage.content), type_=Integer())
    image = select(col(BrandImage.media_type), size).where(col(BrandImage.kind) == kind)
    row = (await session.execute(image)).one_or_none()
    return None if row is None else (row[0], row[1])


async def save_image(session: AsyncSession, kind: str, content: bytes, media_type: str) -> bool:
    """Store an image in the place of the one before; tells whether it is another one."""
    new = insert(BrandImage).values(kind=kind, content=content, media_type=media_type)
    given = {"content": new.excluded.content, "media_type": new.excluded.media_type}
    stored = new.on_conflict_do_update(
        index_elements=[col(BrandImage.kind)],
        set_={**given, "updated_at": func.clock_timestamp()},
        where=tuple_(*_IMAGE).is_distinct_from(tuple_(*given.values())),
    )
    changed = await session.scalar(stored.returning(col(BrandImage.kind)))
    if changed is not None:
        await _announce(session)
    return changed is not None


async def delete_image(session: AsyncSession, kind: str) -> bool:
    """Remove an image; tells whether there was one."""
    gone = delete(BrandImage).where(col(BrandImage.kind) == kind).returning(col(BrandImage.kind))
    was_there = await session.scalar(gone) is not None
    await _announce(session)
    return was_there


async def _announce(session: AsyncSession) -> None:
    await session.execute(select(func.pg_notify(CHANGED, "")))
