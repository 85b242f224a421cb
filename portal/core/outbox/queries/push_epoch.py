"""Statements on how far this Client's push has come, and on which side is behind."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from portal.core.exchange.rules.push_epoch import Position
from portal.core.outbox.tables import PushEpoch, PushStateRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_NONCE_BYTES = 8
_MAX_REASON_LENGTH = 500
# All of them go into a header. An Admin that answers so many batches with nothing gets the last mark again.
_MOST_UNANSWERED = 12


@dataclass(frozen=True, slots=True)
class EpochState:
    """Where the push stands between the two databases.

    `behind_since`: the Admin holds more than this stack ever sent, and nothing is pushed. `compare_until`: the Admin
    lost some of what it acknowledged; readings before this instant are still to be compared.
    """

    epoch: UUID | None = None
    mark: int = 0
    behind_since: datetime | None = None
    behind_reason: str | None = None
    compare_until: datetime | None = None


_PUSHED = select(
    func.coalesce(func.max(col(PushStateRow.acknowledged_mark)), 0),
    func.coalesce(select(col(PushEpoch.taken_over)).scalar_subquery(), 0),
    func.count(col(PushStateRow.last_synced_at)),
)


class _Issued(NamedTuple):
    epoch: UUID
    mark: int
    is_recovered: bool
    unanswered: list[str]


class _Pushed(NamedTuple):
    acknowledged: int
    batches: int


async def _pushed(session: AsyncSession) -> _Pushed:
    """Return the highest mark that an Admin confirmed, and whether anything was ever taken."""
    confirmed, taken_over, synced = (await session.execute(_PUSHED)).one()
    return _Pushed(max(confirmed or 0, taken_over or 0), synced)


async def issue(session: AsyncSession) -> Position:
    """Give out the mark of the next batch: one no batch had before, and none will have again."""
    pushed = await _pushed(session)
    new = insert(PushEpoch).values(mark=1, unanswered=[token_hex(_NONCE_BYTES)])
    mark, sent = col(PushEpoch.mark), col(PushEpoch.unanswered)
    is_confirmed = mark <= pushed.acknowledged
    has_room = func.cardinality(sent) < _MOST_UNANSWERED
    both = func.array_cat(sent, new.excluded.unanswered)
    given_out = new.on_conflict_do_update(
        index_elements=[col(PushEpoch.is_only)],
        set_={
            "mark": case((or_(is_confirmed, has_room), mark + 1), else_=mark),
            "unanswered": case((is_confirmed, new.excluded.unanswered), (has_room, both), else_=sent),
        },
    ).returning(col(PushEpoch.epoch), mark, col(PushEpoch.is_recovered), sent)
    last = _Issued(*(await session.execute(given_out)).one())
    return Position(
        last.epoch,
        last.mark,
        pushed.acknowledged,
        is_first=not pushed.batches and not last.is_recovered,
        nonce=last.unanswered[-1],
        unanswered=tuple(last.unanswered[:-1]),
    )


async def next_position(session: AsyncSession) -> Position:
    """Return the position the next batch would have, without giving it out."""
    issued = select(
        col(PushEpoch.epoch), col(PushEpoch.mark), col(PushEpoch.is_recovered), col(PushEpoch.unanswered)
    )
    row = (await session.execute(issued)).one_or_none()
    last = _Issued(uuid4(), 0, is_recovered=False, unanswered=[]) if row is None else _Issued(*row)
    pushed = await _pushed(session)
    return Position(
        last.epoch,
        last.mark + 1,
        pushed.acknowledged,
        is_first=not pushed.batches and not last.is_recovered,
        nonce=token_hex(_NONCE_BYTES),
        unanswered=tuple(last.unanswered),
    )


async def load(session: AsyncSession) -> EpochState:
    """Return the state; that of a database which never pushed where there is none."""
    state = select(
        col(PushEpoch.epoch),
        col(PushEpoch.mark),
        col(PushEpoch.behind_since),
        col(PushEpoch.behind_reason),
        col(PushEpoch.compare_until),
    )
    row = (await session.execute(state)).one_or_none()
    return EpochState() if row is None else EpochState(*row)


async def note_behind(session: AsyncSession, reason: str) -> bool:
    """Stop the push until the two are in sync again; tells whether that is news."""
    was = (await load(session)).behind_since
    words = reason[:_MAX_REASON_LENGTH]
    since = func.coalesce(col(PushEpoch.behind_since), func.now())
    await session.execute(
        insert(PushEpoch)
        .values(behind_since=func.now(), behind_reason=words)
        .on_conflict_do_update(
            index_elements=[col(PushEpoch.is_only)],
            set_={"behind_since": since, "behind_reason": words},
        )
    )
    return was is None


async def note_in_sync(session: AsyncSession) -> bool:
    """Let the push go on; tells whether it was stopped."""
    went_on = (
        update(PushEpoch)
        .where(col(PushEpoch.behind_since).is_not(None))
        .values(behind_since=None, behind_reason=None)
    )
    return await session.scalar(went_on.returning(col(PushEpoch.mark))) is not None


async def note_lost(session: AsyncSession, mark: int, until: datetime) -> None:
    """Forget acknowledgements above `mark`, which the Admin lost, and have readings before `until` compared."""
    still = func.nullif(func.least(col(PushStateRow.acknowledged_mark), mark), 0)
    await session.execute(update(PushStateRow).values(acknowledged_mark=still))
    await session.execute(
        insert(PushEpoch)
        .values(compare_until=until)
        .on_conflict_do_update(
            index_elements=[col(PushEpoch.is_only)],
            set_={"compare_until": until, "taken_over": func.least(col(PushEpoch.taken_over), mark)},
        )
    )


async def move_comparison(session: AsyncSession, until: datetime | None) -> None:
    """Keep how far the comparison has come, going back in time; None when it is through."""
    await session.execute(update(PushEpoch).values(compare_until=until))


async def adopt(session: AsyncSession, epoch: UUID | None, mark: int) -> None:
    """Go on where the Admin is: with its epoch, above its mark."""
    await session.execute(
        insert(PushEpoch)
        .values(epoch=epoch or uuid4(), mark=mark, taken_over=mark, is_recovered=True)
        .on_conflict_do_update(
            index_elements=[col(PushEpoch.is_only)],
            set_={
                "epoch": epoch or col(PushEpoch.epoch),
                "mark": func.greatest(col(PushEpoch.mark), mark),
                "taken_over": mark,
                "is_recovered": True,
                "behind_since": None,
                "behind_reason": None,
            },
        )
    )
