"""What happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, or_, select, update
from sqlmodel import col

from portal.core.alerts.rules.alert_rules import AlertKind, OpenAlert
from portal.core.alerts.tables import AlertRow
from portal.core.values.versions import version_of
from portal.core.words import recalled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class StoredAlert:
    """An alert: what of, since when, until when; who has seen it, and what they noted."""

    id: int
    rule_id: UUID | None
    rule_name: str
    kind: AlertKind
    site_id: UUID | None
    device_id: UUID | None
    subject: str
    words: str
    began_at: datetime
    ended_at: datetime | None
    ended_why: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    note: str
    said: str = ""

    @property
    def spoken(self) -> str:
        """Its words as they were said, to be put into a language."""
        return recalled(self.said, self.words)

    @property
    def version(self) -> str:
        """Another text after it was acknowledged."""
        return version_of(self.id, self.acknowledged_at, self.note)


_FIELDS = (
    "id",
    "rule_id",
    "rule_name",
    "kind",
    "site_id",
    "device_id",
    "subject",
    "words",
    "began_at",
    "ended_at",
    "ended_why",
    "acknowledged_at",
    "acknowledged_by",
    "note",
    "said",
)
_ALERTS = select(*(col(getattr(AlertRow, name)) for name in _FIELDS))
_IS_OPEN = col(AlertRow.ended_at).is_(None)


async def list_alerts(
    session: AsyncSession, *, only_open: bool, before_id: int | None, limit: int | None
) -> list[StoredAlert]:
    """Return alerts, the newest first."""
    found = _ALERTS.order_by(col(AlertRow.id).desc())
    if only_open:
        found = found.where(_IS_OPEN)
    if before_id is not None:
        found = found.where(col(AlertRow.id) < before_id)
    return [StoredAlert(*row) for row in await session.execute(found.limit(limit))]


async def alerts_between(session: AsyncSession, from_at: datetime, to_at: datetime) -> list[StoredAlert]:
    """Return the alerts that were open at any time in `[from_at, to_at)`, the oldest first."""
    was_open = or_(_IS_OPEN, col(AlertRow.ended_at) > from_at)
    found = _ALERTS.where(col(AlertRow.began_at) < to_at, was_open).order_by(col(AlertRow.id))
    return [StoredAlert(*row) for row in await session.execute(found)]


async def count_open(session: AsyncSession) -> tuple[int, int]:
    """Return how many alerts are open, and how many of those nobody has acknowledged."""
    unseen = func.count().filter(col(AlertRow.acknowledged_at).is_(None))
    row = (await session.execute(select(func.count(), unseen).where(_IS_OPEN))).one()
    return row[0], row[1]


async def find_alert(session: AsyncSession, alert_id: int, *, for_change: bool = False) -> StoredAlert | None:
    """Return an alert; `for_change` keeps it as it is until the end of the transaction."""
    found = _ALERTS.where(col(AlertRow.id) == alert_id)
    row = (await session.execute(found.with_for_update() if for_change else found)).one_or_none()
    return None if row is None else StoredAlert(*row)


async def open_alerts(session: AsyncSession) -> list[OpenAlert]:
    """Return the alerts that have not ended."""
    found = select(
        col(AlertRow.id),
        col(AlertRow.rule_id),
        col(AlertRow.cause),
        col(AlertRow.kind),
        col(AlertRow.clear_since),
    ).where(_IS_OPEN)
    return [OpenAlert(*row) for row in await session.execute(found)]


async def insert_alert(session: AsyncSession, values: Mapping[str, object]) -> int:
    """Add an alert. Raises as the database does where one of the same cause is open."""
    return (await session.execute(insert(AlertRow).values(**values).returning(col(AlertRow.id)))).scalar_one()


async def update_alert(session: AsyncSession, alert_id: int, values: Mapping[str, object]) -> None:
    """Change columns of an alert."""
    await session.execute(update(AlertRow).where(col(AlertRow.id) == alert_id).values(**values))
