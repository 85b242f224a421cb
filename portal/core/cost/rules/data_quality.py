"""What is to be known of the readings behind a cost report."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.core.energy.rules.judging import ProposalKind, SuspectReason


@dataclass(frozen=True, slots=True)
class EventInWindow:
    """A meter event of a window: what seems to have happened to a meter, from its first to its last reading.

    `kwh` is the energy counted between the accepted readings before and after it.
    """

    kind: ProposalKind
    device_id: UUID
    device_name: str
    site_name: str
    at: datetime
    until: datetime
    readings: int
    kwh: Decimal
    reasons: tuple[SuspectReason, ...] = ()


@dataclass(frozen=True, slots=True)
class DataQuality:
    """The meter events of a window, the values that came beside readings, and from when on an answer is provisional.

    `events` are the first of them, single readings that were no more than a glitch left out; `event_count` is of all.
    What lies behind `provisional_from` may be judged otherwise by readings that follow; None: nothing does.
    """

    events: tuple[EventInWindow, ...] = ()
    event_count: int = 0
    conflicts: int = 0
    provisional_from: datetime | None = None


NOT_ASKED = DataQuality()
