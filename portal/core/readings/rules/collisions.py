"""Which senders repeat themselves, so that their next batches are compared with what is stored at once."""

from collections import OrderedDict
from uuid import UUID


class Collisions:
    """Remembers for a few batches that a sender's rows met stored ones; forgets the longest silent sender first.

    Appending is the faster way to store, and right for nearly every batch. Where it failed it cost a failed
    attempt, and a sender that replays one batch usually replays more.
    """

    def __init__(self, *, batches: int = 8, senders: int = 10_000) -> None:
        self._batches = batches
        self._senders = senders
        self._left: OrderedDict[UUID, int] = OrderedDict()

    def expects(self, sender: UUID) -> bool:
        """Whether the sender's next batch should be compared at once; counts as one batch."""
        left = self._left.pop(sender, 0)
        if left > 1:
            self._left[sender] = left - 1
        return left > 0

    def note(self, sender: UUID) -> None:
        """Remember that a batch of the sender met rows that are stored."""
        self._left.pop(sender, None)
        self._left[sender] = self._batches
        if len(self._left) > self._senders:
            self._left.popitem(last=False)
