"""Why a customer's batches do not land, told from what was last refused and how long ago the last one was stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from portal.core.fleet.rules.customer_lists import ACTIVE_WITHIN
from portal.core.fleet.rules.refused_pushes import UNAUTHENTICATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from portal.core.fleet.rules.refused_pushes import Refusal


class PushCause(StrEnum):
    """What there is to say of a customer's pushes."""

    LANDS = "lands"
    ROWS_REJECTED = "rows rejected"
    DISABLED = "disabled"
    OLD_TOKEN = "old token"  # noqa: S105 - what a cause is called
    REFUSED = "refused"
    SILENT = "silent"
    NEVER = "never"


WELL: Final = frozenset((PushCause.LANDS, PushCause.ROWS_REJECTED))


@dataclass(frozen=True, slots=True)
class PushFacts:
    """What is known of a customer's pushes; `refusals` are those that have not been followed by a stored batch."""

    is_active: bool
    last_seen_at: datetime | None
    refusals: Sequence[Refusal]
    rejected_rows: int


def diagnose(facts: PushFacts, now: datetime) -> PushCause:
    """Return the one cause to tell at an aware instant, the one that explains the others first."""
    if not facts.is_active:
        return PushCause.DISABLED
    if any(refusal.status == UNAUTHENTICATED for refusal in facts.refusals):
        return PushCause.OLD_TOKEN
    if facts.refusals:
        return PushCause.REFUSED
    if facts.last_seen_at is None:
        return PushCause.NEVER
    if now - facts.last_seen_at > ACTIVE_WITHIN:
        return PushCause.SILENT
    return PushCause.ROWS_REJECTED if facts.rejected_rows else PushCause.LANDS


def waiting_estimate(usual_rows: int, over: timedelta, since: timedelta) -> int:
    """Return how many rows wait at a Client that stored so many `over` a time before it stopped `since` then.

    Rounded to two digits: it is an estimate, and looks like one.
    """
    if over.total_seconds() <= 0 or since.total_seconds() <= 0:
        return 0
    rows = usual_rows * (since / over)
    digits = max(len(str(int(rows))) - 2, 0)
    return int(round(rows, -digits))
