"""Editions that a Client was told of, and what was said to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.tariffs.tables import TariffOffer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.tariffs.wire import EditionRow


class OfferAnswered(NamedTuple):
    """What was said to an offer: of which version and by whom, the tariff it made, and what stood in its place."""

    answer: str | None
    answered_version: str | None
    answered_by: str
    tariff_id: int | None
    replaced: dict[str, object] | None


async def list_offers(session: AsyncSession) -> Sequence[TariffOffer]:
    """Return every offer, by municipality, the last that came first."""
    wanted = select(TariffOffer).order_by(func.lower(col(TariffOffer.municipality)), col(TariffOffer.id))
    return (await session.scalars(wanted)).all()


async def lock_offer(session: AsyncSession, offer_id: UUID) -> TariffOffer | None:
    """Return one offer, kept as it is until the end of the transaction."""
    wanted = select(TariffOffer).where(col(TariffOffer.id) == offer_id).with_for_update()
    return await session.scalar(wanted)


async def versions(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Return what is offered at present: ids with their versions."""
    wanted = select(col(TariffOffer.id), col(TariffOffer.version)).where(~col(TariffOffer.is_withdrawn))
    return [(key, version) for key, version in await session.execute(wanted)]


async def replace_offers(session: AsyncSession, rows: Collection[EditionRow]) -> None:
    """Keep what is offered now. What is offered no more goes, or says so where somebody has answered it."""
    offered = [row.id for row in rows]
    gone = col(TariffOffer.id).not_in(offered)
    await session.execute(delete(TariffOffer).where(gone, col(TariffOffer.answer).is_(None)))
    await session.execute(update(TariffOffer).where(gone).values(is_withdrawn=True))
    new = insert(TariffOffer)
    fields = ("municipality", "time_zone_id", "source", "version", "tariff")
    others = {name: new.excluded[name] for name in fields} | {"is_withdrawn": False}
    is_other = (col(TariffOffer.version) != new.excluded.version) | col(TariffOffer.is_withdrawn)
    kept = new.on_conflict_do_update(
        index_elements=("id",), set_=others | {"received_at": func.now()}, where=is_other
    )
    for row in rows:
        values = {name: getattr(row, name) for name in ("id", *fields)}
        await session.execute(kept.values(values))


async def save_answer(session: AsyncSession, offer_id: UUID, given: OfferAnswered | None) -> None:
    """Keep what was said to an offer, None for nothing."""
    values = OfferAnswered(None, None, "", None, None) if given is None else given
    answered_at = None if given is None else func.now()
    changed = update(TariffOffer).where(col(TariffOffer.id) == offer_id)
    await session.execute(changed.values(**values._asdict(), answered_at=answered_at))
