"""How long to wait after a failure: twice as long each time, and never all boards at once."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.ports import Board

_FIRST_MS, _MOST_MS = 10_000, 900_000


class Backoff:
    """Counts the failures in a row."""

    def __init__(self, board: "Board") -> None:
        self._board = board
        self.failures = 0

    def succeeded(self) -> None:
        """Begin anew."""
        self.failures = 0

    def failed(self) -> int:
        """Count a failure and return the milliseconds to wait: half to all of a time that doubles up to 15 minutes."""
        most = min(_FIRST_MS << min(self.failures, 10), _MOST_MS)
        self.failures += 1
        return most // 2 + self._board.random_below(most // 2)

    def spread(self, ms: int) -> int:
        """Return so long and up to a tenth more."""
        return ms + self._board.random_below(ms // 10 + 1)
