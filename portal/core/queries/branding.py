"""The brand's settings and images. A change says so on the channel `CHANGED`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import datetime

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


async def find(session: AsyncSession) -> BrandRow | None:
    """Return the stored brand, if one was ever saved."""
    row = (
        await session.execute(
            text("SELECT product_name, primary_color, accent_color, appearance, updated_at FROM app.branding")
        )
    ).one_or_none()
    return None if row is None else BrandRow(*row)


async def save(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Store name, colours and appearance; tells whether any is another one than before."""
    changed = await session.scalar(
        text(
            "INSERT INTO app.branding AS b (id, product_name, primary_color, accent_color, appearance) "
            "VALUES (1, :product_name, :primary_color, :accent_color, :appearance) ON CONFLICT (id) DO UPDATE SET "
            "product_name = excluded.product_name, primary_color = excluded.primary_color, "
            "accent_color = excluded.accent_color, appearance = excluded.appearance, updated_at = clock_timestamp() "
            "WHERE (b.product_name, b.primary_color, b.accent_color, b.appearance) IS DISTINCT FROM "
            "(excluded.product_name, excluded.primary_color, excluded.accent_color, excluded.appearance) "
            "RETURNING id"
        ),
        values,
    )
    if changed is not None:
        await _announce(session)
    return changed is not None


async def image_times(session: AsyncSession, most_bytes: int) -> dict[str, datetime]:
    """Return which images of at most so many bytes there are, and since when."""
    rows = await session.execute(
        text("SELECT kind, updated_at FROM app.brand_images WHERE octet_length(content) <= :most"),
        {"most": most_bytes},
    )
    return {row.kind: row.updated_at for row in rows}


async def find_image(session: AsyncSession, kind: str, most_bytes: int) -> StoredImage | None:
    """Return an image of at most so many bytes; a larger one does not leave the database."""
    row = (
        await session.execute(
            text(
                "SELECT content, media_type, updated_at FROM app.brand_images "
                "WHERE kind = :kind AND octet_length(content) <= :most"
            ),
            {"kind": kind, "most": most_bytes},
        )
    ).one_or_none()
    return None if row is None else StoredImage(bytes(row.content), row.media_type, row.updated_at)


async def save_image(session: AsyncSession, kind: str, content: bytes, media_type: str) -> bool:
    """Store an image in the place of the one before; tells whether it is another one."""
    changed = await session.scalar(
        text(
            "INSERT INTO app.brand_images AS i (kind, content, media_type) VALUES (:kind, :content, :type) "
            "ON CONFLICT (kind) DO UPDATE SET content = excluded.content, media_type = excluded.media_type, "
            "updated_at = clock_timestamp() WHERE (i.content, i.media_type) IS DISTINCT FROM "
            "(excluded.content, excluded.media_type) RETURNING kind"
        ),
        {"kind": kind, "content": content, "type": media_type},
    )
    if changed is not None:
        await _announce(session)
    return changed is not None


async def delete_image(session: AsyncSession, kind: str) -> bool:
    """Remove an image; tells whether there was one."""
    gone = await session.scalar(
        text("DELETE FROM app.brand_images WHERE kind = :kind RETURNING kind"), {"kind": kind}
    )
    await _announce(session)
    return gone is not None


async def _announce(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANGED})
