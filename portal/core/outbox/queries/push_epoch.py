"""Statements on how far this Client's push has come, and on which side is behind."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import text

from portal.core.exchange.rules.push_epoch import Position

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


_PUSHED = """
SELECT greatest(max(acknowledged_mark), (SELECT taken_over FROM app.push_epoch), 0), count(last_synced_at)
FROM app.fleet_push_state
"""
_ISSUE = """
INSERT INTO app.push_epoch AS e (mark, unanswered) VALUES (1, ARRAY[CAST(:nonce AS text)])
ON CONFLICT (is_only) DO UPDATE SET
  mark = CASE WHEN e.mark <= :acknowledged OR cardinality(e.unanswered) < :most THEN e.mark + 1 ELSE e.mark END,
  unanswered = CASE WHEN e.mark <= :acknowledged THEN excluded.unanswered
    WHEN cardinality(e.unanswered) < :most THEN e.unanswered || excluded.unanswered ELSE e.unanswered END
RETURNING epoch, mark, is_recovered, unanswered
"""


async def issue(session: AsyncSession) -> Position:
    """Give out the mark of the next batch: one no batch had before, and none will have again."""
    acknowledged, pushed = (await session.execute(text(_PUSHED))).one()
    values = {"nonce": token_hex(_NONCE_BYTES), "acknowledged": acknowledged, "most": _MOST_UNANSWERED}
    epoch, mark, is_recovered, sent = (await session.execute(text(_ISSUE), values)).one()
    is_first = not pushed and not is_recovered
    return Position(epoch, mark, int(acknowledged), is_first, nonce=sent[-1], unanswered=tuple(sent[:-1]))


async def next_position(session: AsyncSession) -> Position:
    """Return the position the next batch would have, without giving it out."""
    found = await session.execute(text("SELECT epoch, mark, is_recovered, unanswered FROM app.push_epoch"))
    row = found.one_or_none()
    epoch, mark, is_recovered, sent = (uuid4(), 0, False, ()) if row is None else row
    acknowledged, pushed = (await session.execute(text(_PUSHED))).one()
    is_first = not pushed and not is_recovered
    nonce = token_hex(_NONCE_BYTES)
    return Position(epoch, mark + 1, int(acknowledged), is_first, nonce=nonce, unanswered=tuple(sent))


async def load(session: AsyncSession) -> EpochState:
    """Return the state; that of a database which never pushed where there is none."""
    row = (
        await session.execute(
            text("SELECT epoch, mark, behind_since, behind_reason, compare_until FROM app.push_epoch")
        )
    ).one_or_none()
    return EpochState() if row is None else EpochState(*row)


async def note_behind(session: AsyncSession, reason: str) -> bool:
    """Stop the push until the two are in sync again; tells whether that is news."""
    was = (await load(session)).behind_since
    await session.execute(
        text(
            "INSERT INTO app.push_epoch AS e (behind_since, behind_reason) VALUES (now(), :reason) "
            "ON CONFLICT (is_only) DO UPDATE SET behind_since = coalesce(e.behind_since, now()), "
            "behind_reason = excluded.behind_reason"
        ),
        {"reason": reason[:_MAX_REASON_LENGTH]},
    )
    return was is None


async def note_in_sync(session: AsyncSession) -> bool:
    """Let the push go on; tells whether it was stopped."""
    found = await session.scalar(
        text(
            "UPDATE app.push_epoch SET behind_since = NULL, behind_reason = NULL "
            "WHERE behind_since IS NOT NULL RETURNING mark"
        )
    )
    return found is not None


async def note_lost(session: AsyncSession, mark: int, until: datetime) -> None:
    """Forget acknowledgements above `mark`, which the Admin lost, and have readings before `until` compared."""
    await session.execute(
        text(
            "UPDATE app.fleet_push_state SET acknowledged_mark = nullif(least(acknowledged_mark, :mark), 0)"
        ),
        {"mark": mark},
    )
    await session.execute(
        text(
            "INSERT INTO app.push_epoch AS e (compare_until) VALUES (:until) ON CONFLICT (is_only) DO UPDATE "
            "SET compare_until = excluded.compare_until, taken_over = least(e.taken_over, :mark)"
        ),
        {"until": until, "mark": mark},
    )


async def move_comparison(session: AsyncSession, until: datetime | None) -> None:
    """Keep how far the comparison has come, going back in time; None when it is through."""
    await session.execute(text("UPDATE app.push_epoch SET compare_until = :until"), {"until": until})


async def adopt(session: AsyncSession, epoch: UUID | None, mark: int) -> None:
    """Go on where the Admin is: with its epoch, above its mark."""
    await session.execute(
        text(
            "INSERT INTO app.push_epoch AS e (epoch, mark, taken_over, is_recovered) "
            "VALUES (coalesce(CAST(:epoch AS uuid), gen_random_uuid()), :mark, :mark, true) "
            "ON CONFLICT (is_only) DO UPDATE SET epoch = coalesce(CAST(:epoch AS uuid), e.epoch), "
            "mark = greatest(e.mark, excluded.mark), taken_over = excluded.mark, is_recovered = true, "
            "behind_since = NULL, behind_reason = NULL"
        ),
        {"epoch": epoch, "mark": mark},
    )
