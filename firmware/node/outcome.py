"""What an answer of the portal means for the rows that were sent. Only a 2xx that says so itself takes them away."""

import json

from node.clock import seconds_of_text
from node.http import Answer

STORED, AGAIN, SMALLER, UNWELCOME = "stored", "again", "smaller", "unwelcome"
"""Stored, or counted as refused, row by row; send the same again; send fewer at once; the token is not (yet) known."""

_MOST_WAIT_S = 3600
_COUNTS = ("accepted", "rejected", "duplicates", "completed", "conflicts")


class Outcome:
    """`refused` has the index and the reason of each row that the portal will never take.

    `settings` is the version of settings that waits for this board, `update` a release that it is to fetch.
    """

    def __init__(self, kind: str, wait_s: int = 0) -> None:
        self.kind = kind
        self.wait_s = wait_s
        self.refused: list[tuple[int, str]] = []
        self.server_s: int | None = None
        self.settings = 0
        self.update = ""


def outcome_of(answer: Answer, sent: int) -> Outcome:
    """Return what an answer to so many rows means."""
    said = _object_of(answer.body)
    if 200 <= answer.status < 300:
        return _of_success(said, sent)
    if answer.status in (401, 403):
        return Outcome(UNWELCOME)
    # A proxy on the way has its own 400 and 413; of ours the body says so.
    is_ours = isinstance(said.get("error"), dict)
    if answer.status == 413 or (answer.status in (400, 422) and is_ours):
        return Outcome(SMALLER)
    return Outcome(AGAIN, _wait_of(answer.headers.get("retry-after", "")))


def _of_success(said: "dict[str, object]", sent: int) -> Outcome:
    """A captive portal answers 200 too: what is not ours, or speaks of other rows, stored nothing."""
    counts = [_number_of(said.get(name, 0)) for name in _COUNTS]
    if "accepted" not in said or min(counts) < 0 or sum(counts) != sent:
        return Outcome(AGAIN)
    outcome = Outcome(STORED)
    for error in _list_of(said.get("errors")):
        told = _dictionary_of(error)
        row = _number_of(told.get("row"))
        if 0 <= row < sent:
            outcome.refused.append((row, str(told.get("reason", ""))))
    if len(outcome.refused) != said.get("rejected", 0):
        # Which rows were refused is not said of all: fewer at a time, until it is.
        return Outcome(SMALLER if sent > 1 else AGAIN)
    outcome.settings = max(0, _number_of(said.get("settings", 0)))
    outcome.update = str(said.get("update", ""))
    if "clockSkewSeconds" in said:
        outcome.server_s = seconds_of_text(str(said.get("serverTime", ""))[:19] + "Z")
    return outcome


def _object_of(body: bytes) -> "dict[str, object]":
    try:
        said = json.loads(body)
    except (ValueError, UnicodeError):
        return {}
    return _dictionary_of(said)


def _dictionary_of(value: object) -> "dict[str, object]":
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _list_of(value: object) -> "list[object]":
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _number_of(value: object) -> int:
    return value if isinstance(value, int) else -1


def _wait_of(text: str) -> int:
    # A date is not understood, and neither needed: the node waits its own time then.
    return min(int(text), _MOST_WAIT_S) if text.isdigit() else 0
