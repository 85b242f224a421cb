"""What a board says of itself with each post, in one header that costs it some twenty bytes."""

import re
from typing import NamedTuple

HEADER = "X-Board"
_RELEASE = r"[0-9A-Za-z.+-]{1,32}"
_FORM = re.compile(
    rf"(?P<running>{_RELEASE}) (?P<applied>\d{{1,9}})(?: (?P<signal>-?\d{{1,3}})(?: (?P<failed>{_RELEASE}))?)?"
)


class BoardWord(NamedTuple):
    """What it runs, the version of its settings, its signal in dBm, and an update that it fell back from."""

    running: str
    applied_version: int
    signal_dbm: int | None = None
    failed_release: str = ""


def board_word(text: str) -> BoardWord | None:
    """Return what a header says; None for what no board of ours says. A signal of 0 is one that it does not know."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    signal = int(found["signal"] or 0)
    return BoardWord(found["running"], int(found["applied"]), signal or None, found["failed"] or "")
