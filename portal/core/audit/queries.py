"""The audit trail: rows are added and read, and of a customer that has left they forget who it was; nothing else.

A row can never be taken back, so what a person can do again and again is bounded: by `MOST_AN_HOUR` for log-ins and as
many for everything else. What would go beyond is refused, not done without a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.types import String
from sqlmodel import col

from portal.core.audit.acting import Acting, present
from portal.core.audit.tables import AuditRow
from portal.core.database.prepared import PreparedChange
from portal.core.errors import Throttled
from portal.core.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

MOST_AN_HOUR = 300
_HOUR = timedelta(hours=1)
# What the columns hold.
_LONGEST_NAME, _LONGEST_ADDRESS, _LONGEST_DETAIL = 254, 64, 2000
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


# A row that is to be written; `_row` gives the values.
_VALUES = {
    name: bindparam(name, type_=Uuid() if name == "actor_id" else String())
    for name in ("action", "actor_kind", "actor_id", "actor_name", "address", "subject", "detail")
}
_IS_SAME_WITHIN_THE_HOUR = and_(
    col(AuditRow.at) > func.now() - _HOUR,
    col(AuditRow.action) == _VALUES["action"],
    col(AuditRow.actor_kind) == _VALUES["actor_kind"],
    col(AuditRow.actor_id).is_not_distinct_from(_VALUES["actor_id"]),
    col(AuditRow.actor_name) == _VALUES["actor_name"],
    col(AuditRow.address) == _VALUES["address"],
    col(AuditRow.subject) == _VALUES["subject"],
    col(AuditRow.detail) == _VALUES["detail"],
)
_IS_THERE = select(col(AuditRow.id)).where(_IS_SAME_WITHIN_THE_HOUR)
_INSERT_ONCE = PreparedChange(
    insert(AuditRow).from_select(
        list(_VALUES), select(*_VALUES.values()).where(~_IS_THERE.correlate(None).exists())
    )
)


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
    """Write down one row for each subject and detail of a change to several things, which counts as one thing done.

    Raises `Throttled` as `record`.
    """
    if done:
        who = present()
        await _refuse_without_end(session, who, is_log_in=False)
        await session.execute(
            insert(AuditRow), [_row(who, action, subject, detail) for subject, detail in done]
        )


async def record_always(
    session: AsyncSession, action: str, subject: str = "", detail: str = "", *, by: Acting | None = None
) -> None:
    """Write down what is not to be refused: failures, which lock out, and the end of a session, which began once."""
    await session.execute(insert(AuditRow), _row(by or present(), action, subject, detail))


async def record_once(session: AsyncSession, action: str, subject: str, detail: str) -> None:
    """Write down what changes nothing, unless the same is there already from within the hour. Raises `Throttled`."""
    who = present()
    is_there = await session.scalar(_IS_THERE.limit(1), _row(who, action, subject, detail)) is not None
    if not is_there:
        await record(session, action, subject, detail, by=who)


async def record_once_over(connection: asyncpg.Connection, action: str, subject: str, detail: str) -> None:
    """Write down what came over a connection of the driver itself, unless the same is there from within the hour.

    Nothing is refused: it is once an hour for a file and a device.
    """
    await _INSERT_ONCE.run(connection, **_row(present(), action, subject, detail))


async def redact(session: AsyncSession, named: tuple[str, UUID], subject: str) -> None:
    """Have rows about a customer, by its code and id, call it `subject`, and say no more of it than what was done.

    The one change that the trail takes: what was done, when, by whom and from where stays.
    """
    code, customer_id = named
    is_about_it = or_(
        and_(_is_about("customer"), func.lower(col(AuditRow.subject)) == code.lower()),
        and_(
            col(AuditRow.action) == "data.exported",
            or_(
                col(AuditRow.subject).contains(str(customer_id), autoescape=True),
                func.lower(col(AuditRow.subject)) == code.lower(),
            ),
        ),
    )
    await session.execute(update(AuditRow).where(is_about_it).values(subject=subject, detail=""))


async def _refuse_without_end(session: AsyncSession, who: Acting, *, is_log_in: bool) -> None:
    if who.kind not in _PEOPLE or who.id is None:
        return
    done = await session.execute(
        # The rows of one transaction have one moment: what it does to many things is one thing done.
        select(func.count(col(AuditRow.at).distinct()), func.now() - func.min(col(AuditRow.at))).where(
            col(AuditRow.actor_id) == who.id,
            col(AuditRow.at) > func.now() - _HOUR,
            col(AuditRow.actor_kind) == who.kind,
            _is_about(_LOG_IN) if is_log_in else ~_is_about(_LOG_IN),
        )
    )
    count, since_oldest = done.one()
    if count >= MOST_AN_HOUR:
        wait = max(int((_HOUR - since_oldest).total_seconds()), 1)
        most = f"You have done {MOST_AN_HOUR} things within the hour, the most that is taken"
        message = say("{most}: go on in {part} min.", most=most, part=-(-wait // 60))
        raise Throttled(message, wait)


def _is_about(topic: str) -> ColumnElement[bool]:
    """Say which part of an action stands before its dot."""
    return func.split_part(col(AuditRow.action), ".", 1) == topic


async def list_events(
    session: AsyncSession, *, before_id: int | None, topic: str, limit: int
) -> tuple[AuditEvent, ...]:
    """Return the latest events before one, newest first; `topic` is the part of the action before its dot."""
    events = select(
        col(AuditRow.id),
        col(AuditRow.at),
        col(AuditRow.action),
        col(AuditRow.actor_kind),
        col(AuditRow.actor_name),
        col(AuditRow.address),
        col(AuditRow.subject),
        col(AuditRow.detail),
    )
    if before_id is not None:
        events = events.where(col(AuditRow.id) < before_id)
    if topic:
        events = events.where(_is_about(topic))
    rows = await session.execute(events.order_by(col(AuditRow.id).desc()).limit(limit))
    return tuple(AuditEvent(*row) for row in rows)


def _row(who: Acting, action: str, subject: str, detail: str) -> dict[str, object]:
    return {
        "action": action,
        "actor_kind": who.kind,
        "actor_id": who.id,
        "actor_name": _fitting(who.name, _LONGEST_NAME),
        "address": _fitting(who.address, _LONGEST_ADDRESS),
        "subject": _fitting(subject, _LONGEST_NAME),
        "detail": _fitting(detail, _LONGEST_DETAIL),
    }


def _fitting(value: str, length: int) -> str:
    text_ = value.replace("\x00", "")
    return text_ if len(text_) <= length else f"{text_[: length - 1]}…"
