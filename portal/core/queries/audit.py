"""The audit trail: rows are added and read, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from portal.core.acting import Acting, present

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


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


async def record(
    session: AsyncSession, action: str, subject: str = "", detail: str = "", *, by: Acting | None = None
) -> None:
    """Write down what the transaction does, on behalf of whoever the task works for."""
    who = by or present()
    await session.execute(
        text(
            "INSERT INTO app.audit_events (action, actor_kind, actor_id, actor_name, address, subject, detail) "
            "VALUES (:action, :kind, :id, :name, :address, :subject, :detail)"
        ),
        {
            "action": action,
            "kind": who.kind,
            "id": who.id,
            "name": _fitting(who.name, 254),
            "address": _fitting(who.address, 64),
            "subject": _fitting(subject, 254),
            "detail": _fitting(detail, 500),
        },
    )


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


def _fitting(value: str, length: int) -> str:
    return value.replace("\x00", "")[:length]
