"""What a board says of itself with each post, in one header that costs it some twenty bytes."""

import re
from typing import NamedTuple

HEADER = "X-Board"
RING_HEADER = "X-Ring"
PERIOD_SECONDS = 60
"""How often a board reads its meter as it is made."""
_COUNT = re.compile(r"[1-9][0-9]{0,7}")
_RELEASE = r"[0-9A-Za-z.+-]{1,32}"
_FORM = re.compile(
    rf"(?P<running>{_RELEASE}) (?P<applied>\d{{1,9}})(?: (?P<signal>-?\d{{1,3}})(?: (?P<failed>{_RELEASE}))?)?"
)


class BoardWord(NamedTuple):
    """What it runs, the version of its settings, its signal in dBm, and an update that it fell back from.

    `ring_readings` is how many readings it keeps before it overwrites the oldest; None of a board that does not say.
    """

    running: str
    applied_version: int
    signal_dbm: int | None = None
    failed_release: str = ""
    ring_readings: int | None = None


def board_word(text: str, ring: str = "") -> BoardWord | None:
    """Return what a header says; None for what no board of ours says. A signal of 0 is one that it does not know.

    `ring` is what the header beside it says, which boards of an earlier release do not send.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    signal = int(found["signal"] or 0)
    holds = int(ring) if _COUNT.fullmatch(ring) else None
    return BoardWord(found["running"], int(found["applied"]), signal or None, found["failed"] or "", holds)


def kept_minutes(ring_readings: int, period_seconds: int) -> int:
    """Return for how long a board keeps what it cannot send, at a reading every so many seconds."""
    return ring_readings * period_seconds // 60
