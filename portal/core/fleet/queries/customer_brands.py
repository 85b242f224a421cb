"""How customers' own portals are called and look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.brand.proof import examined
from portal.core.fleet.tables import CustomerBrand

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.brand.wire import PushedBrand
    from portal.core.readings.decoding import DecodedRows

_NO_IMAGE = "logo: no still image of PNG, JPEG or WebP and no plain drawing"


@dataclass(frozen=True)
class WornBrand:
    """A customer's brand; what it never chose is None. `version` is another one with every change."""

    product_name: str | None
    accent_color: str | None
    has_logo: bool
    version: datetime


@dataclass(frozen=True)
class CustomerLogo:
    """A customer's logo, and of what type it is by its content."""

    content: bytes
    media_type: str


async def store(
    session: AsyncSession, customer_id: UUID, batch: DecodedRows[PushedBrand]
) -> DecodedRows[PushedBrand]:
    """Keep a customer's brand, the last of a batch; returns the rows that could be.

    No Client is believed about its logo: it is looked at, and of an SVG document a harmless copy is kept.
    """
    seen = {id(row): None if row.logo is None else await examined(row.logo) for row in batch.rows}
    kept = batch.keep(lambda row: _NO_IMAGE if row.logo is not None and seen[id(row)] is None else None)
    for row in kept.rows[-1:]:
        content, media_type = seen[id(row)] or (None, None)
        values = {
            "product_name": row.product_name,
            "primary_color": row.primary_color,
            "accent_color": row.accent_color,
            "appearance": row.appearance,
            "logo": content,
            "logo_type": media_type,
            "received_at": func.now(),
        }
        new = insert(CustomerBrand).values(customer_id=customer_id, **values)
        await session.execute(
            new.on_conflict_do_update(index_elements=[col(CustomerBrand.customer_id)], set_=values)
        )
    return kept


async def find(session: AsyncSession, customer_id: UUID) -> WornBrand | None:
    """Return a customer's brand, without its logo."""
    asked = select(
        col(CustomerBrand.product_name),
        col(CustomerBrand.accent_color),
        col(CustomerBrand.logo).is_not(None),
        col(CustomerBrand.received_at),
    ).where(col(CustomerBrand.customer_id) == customer_id)
    row = (await session.execute(asked)).one_or_none()
    return None if row is None else WornBrand(*row)


async def find_logo(session: AsyncSession, customer_id: UUID) -> CustomerLogo | None:
    """Return a customer's logo."""
    asked = select(col(CustomerBrand.logo), col(CustomerBrand.logo_type)).where(
        col(CustomerBrand.customer_id) == customer_id, col(CustomerBrand.logo).is_not(None)
    )
    content, media_type = (await session.execute(asked)).one_or_none() or (None, None)
    return None if content is None or media_type is None else CustomerLogo(content, media_type)
