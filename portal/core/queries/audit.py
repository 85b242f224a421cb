"""The audit trail: rows are added and read, nothing else.

A row can never be taken back, so what a person can do again and again is bounded: by `MOST_AN_HOUR` for log-ins and as
many for everything else. What would go beyond is refused, not done without a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.acting import Acting, present
from portal.core.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

MOST_AN_HOUR = 300
_HOUR = 3600
# What the columns hold.
_LONGEST_NAME, _LONGEST_ADDRESS, _LONGEST_DETAIL = 254, 64, 2000
_INSERT = text(
    "INSERT INTO app.audit_events (action, actor_kind, actor_id, actor_name, address, subject, detail) "
    "VALUES (:action, :kind, :id, :name, :address, :subject, :detail)"
)
# Somebody anonymous who is known by an id has shown that they know the password.
_PEOPLE = ("user", "anonymous")
_LOG_IN = "login"


@dataclass(frozen=True)
class AuditEvent:
    """Who did what, when and from where. `action` is a word like `user.added`; `subject` what it was done to."""

    id: int
    at: datetime
    action: str
    actor_kind: str
    actor_name: str
    address: str
    subject: str
    detail: str


_INSERT_ONCE = """
INSERT INTO app.audit_events (action, actor_kind, actor_id, actor_name, address, subject, detail)
SELECT $1::text, $2::text, $3::uuid, $4::text, $5::text, $6::text, $7::text WHERE NOT EXISTS (
    SELECT 1 FROM app.audit_events WHERE at > now() - interval '1 hour' AND action = $1 AND actor_kind = $2
       AND actor_id IS NOT DISTINCT FROM $3 AND actor_name = $4 AND address = $5 AND subject = $6 AND detail = $7
)
"""


async def record(
    session: AsyncSession, action: str, subject: str = "", detail: str = "", *, by: Acting | None = None
) -> None:
    """Write down what the transaction does, on behalf of whoever the task works for.

    Raises `Throttled` for a person who has done so much within the hour that it is none; the transaction is then not
    to be committed.
    """
    who = by or present()
    await _refuse_without_end(session, who, is_log_in=action.startswith(f"{_LOG_IN}."))
    await record_always(session, action, subject, detail, by=who)


async def record_each(session: AsyncSession, action: str, done: Sequence[tuple[str, str]]) -> None:
    """Write down one row for each subject and detail of a change to several things. Raises `Throttled` as `record`."""
    if done:
        who = present()
        await _refuse_without_end(session, who, is_log_in=False)
        await session.execute(_INSERT, [_row(who, action, subject, detail) for subject, detail in done])


async def record_always(
    session: AsyncSession, action: str, subject: str = "", detail: str = "", *, by: Acting | None = None
) -> None:
    """Write down what is not to be refused: failures, which lock out, and the end of a session, which began once."""
    await session.execute(_INSERT, _row(by or present(), action, subject, detail))


async def record_once(session: AsyncSession, action: str, subject: str, detail: str) -> None:
    """Write down what changes nothing, unless the same is there already from within the hour. Raises `Throttled`."""
    who = present()
    is_there = await session.scalar(
        text(
            "SELECT EXISTS (SELECT 1 FROM app.audit_events WHERE actor_id IS NOT DISTINCT FROM :id "
            "AND at > now() - interval '1 hour' AND action = :action AND actor_kind = :kind "
            "AND address = :address AND subject = :subject AND detail = :detail)"
        ),
        _row(who, action, subject, detail),
    )
    if not is_there:
        await record(session, action, subject, detail, by=who)


async def record_once_over(connection: asyncpg.Connection, action: str, subject: str, detail: str) -> None:
    """Write down what came over a connection of the driver itself, unless the same is there from within the hour.

    Nothing is refused: no person gets here, only the command line.
    """
    row = _row(present(), action, subject, detail)
    await connection.execute(_INSERT_ONCE, *row.values())


async def _refuse_without_end(session: AsyncSession, who: Acting, *, is_log_in: bool) -> None:
    if who.kind not in _PEOPLE or who.id is None:
        return
    rows = await session.execute(
        text(
            "SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0)::integer FROM app.audit_events "
            "WHERE actor_id = :id AND at > now() - interval '1 hour' AND actor_kind = :kind "
            "AND (split_part(action, '.', 1) = :log_in) = :is_log_in"
        ),
        {"id": who.id, "kind": who.kind, "log_in": _LOG_IN, "is_log_in": is_log_in},
    )
    count, oldest_seconds = rows.one()
    if count >= MOST_AN_HOUR:
        wait = max(_HOUR - oldest_seconds, 1)
        done = f"You have done {MOST_AN_HOUR} things within the hour, the most that is taken"
        message = f"{done}: go on in {-(-wait // 60)} min."
        raise Throttled(message, wait)


async def list_events(
    session: AsyncSession, *, before_id: int | None, topic: str, limit: int
) -> tuple[AuditEvent, ...]:
    """Return the latest events before one, newest first; `topic` is the part of the action before its dot."""
    rows = await session.execute(
        text(
            "SELECT id, at, action, actor_kind, actor_name, address, subject, detail FROM app.audit_events "
            "WHERE (CAST(:before AS bigint) IS NULL OR id < :before) "
            "AND (:topic = '' OR split_part(action, '.', 1) = :topic) ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before_id, "topic": topic, "limit": limit},
    )
    return tuple(AuditEvent(*row) for row in rows)


def _row(who: Acting, action: str, subject: str, detail: str) -> dict[str, object]:
    return {
        "action": action,
        "kind": who.kind,
        "id": who.id,
        "name": _fitting(who.name, _LONGEST_NAME),
        "address": _fitting(who.address, _LONGEST_ADDRESS),
        "subject": _fitting(subject, _LONGEST_NAME),
        "detail": _fitting(detail, _LONGEST_DETAIL),
    }


def _fitting(value: str, length: int) -> str:
    text_ = value.replace("\x00", "")
    return text_ if len(text_) <= length else f"{text_[: length - 1]}…"
