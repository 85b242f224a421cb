"""What changed in the days of a report after they were closed, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.core.cost.queries.restated_devices import device_names
from portal.core.energy.queries.journal import JournalAsked, restated_since

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.core.energy.rules.judging import ProposalKind
    from portal.core.energy.rules.stored_words import RestatedBecause
    from portal.core.stack import Stack

_MOST_REASONS = 3


@dataclass(frozen=True)
class RestatedReason:
    """Why days of a device were restated: its last cause, and what it was about, where a person decided."""

    device_name: str
    cause: RestatedBecause | None
    event_kind: ProposalKind | None
    decision_id: UUID | None


@dataclass(frozen=True)
class WindowRestated:
    """Restatements of days of a window, as far as somebody can have looked at them before: since when, and why.

    The latest reasons come first, each once; `more` is how many others there are.
    """

    since: datetime
    reasons: tuple[RestatedReason, ...]
    more: int = 0


async def restatements(
    stack: Stack,
    from_at: datetime,
    to_at: datetime,
    customer_id: UUID | None = None,
    site_id: UUID | None = None,
) -> WindowRestated | None:
    """Return what was restated in a window, of a customer (Admin), or of one site or all (Client); None: nothing."""
    asked = JournalAsked(from_at, to_at, customer_id=customer_id, looked_at=True)
    async with stack.db.snapshot() as session:
        found = await restated_since(session, stack.layout, asked)
        if not found:
            return None
        names = await device_names(session, stack.layout, customer_id, site_id)
    of_site = [each for each in found if each.change.key[-1] in names]
    if not of_site:
        return None
    reasons = dict.fromkeys(
        RestatedReason(names[each.change.key[-1]], each.cause, each.event_kind, each.decision_id)
        for each in of_site
    )
    shown = tuple(reasons)[:_MOST_REASONS]
    return WindowRestated(min(each.restated_at for each in of_site), shown, len(reasons) - len(shown))
