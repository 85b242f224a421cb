"""Which of the two sides of a push knows more: after a restore of either, the other holds what it lacks.

A Client numbers its batches: each has a mark above that of every batch before, given out and kept before the batch is
sent. The Admin keeps the highest mark it handled beside what the batch brought. Both are in the databases that are
dumped and restored, so a side that was set back does not know what the other remembers.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class SyncStatus(StrEnum):
    """Who is behind, if anybody."""

    IN_SYNC = "in sync"
    CLIENT_BEHIND = "client behind"
    ADMIN_BEHIND = "admin behind"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a Client has come, as it says with a batch.

    `epoch` names the line of marks, `mark` is the batch's own, `acknowledged` the highest that an Admin confirmed (0:
    none), `nonce` tells the batch from any other with the same mark. `unanswered` are the nonces of batches before it
    that were sent since the last that was confirmed. `is_first`: nothing of this database was ever acknowledged, marks
    or not.
    """

    epoch: UUID
    mark: int
    acknowledged: int = 0
    is_first: bool = False
    nonce: str = ""
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """What the Admin remembers of a customer; no `epoch` where no batch with a mark was handled.

    `was_seen`: some batch of this customer was handled, with a mark or without.
    """

    epoch: UUID | None = None
    mark: int = 0
    nonce: str = ""
    was_seen: bool = False


def compare(position: Position, held: HeldPosition) -> SyncStatus:
    """Say who is behind.

    Another epoch is another database, which lacks whatever the first one pushed. A mark that was handled already
    belongs to a batch this database knows nothing of; so does one above the last that was confirmed, unless it was
    sent from here and the answer was lost: marks alone would be overtaken by batches that reached nobody. An
    acknowledged mark the Admin does not remember was lost there.
    """
    if held.epoch is None:
        if position.acknowledged:
            return SyncStatus.ADMIN_BEHIND
        return SyncStatus.CLIENT_BEHIND if position.is_first and held.was_seen else SyncStatus.IN_SYNC
    is_sent_twice = position.mark == held.mark and position.nonce == held.nonce
    is_known = held.mark <= position.acknowledged or held.nonce in {position.nonce, *position.unanswered}
    is_new = position.mark > held.mark or is_sent_twice
    if held.epoch != position.epoch or not is_known or not is_new:
        return SyncStatus.CLIENT_BEHIND
    return SyncStatus.ADMIN_BEHIND if position.acknowledged > held.mark else SyncStatus.IN_SYNC


def behind_words(code: str) -> str:
    """Say to the people of a Client, registered as `code`, that their database is behind and what to do."""
    return (
        f"The Admin holds more of {code} than this stack ever sent: its database was restored, or another stack "
        "pushes with this token. Nothing is sent; `portal push recover` fetches what is missing here."
    )
