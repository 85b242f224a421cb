"""What is kept of pushes that did not land: rows that were rejected, and batches that were refused as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

KEPT_PROBLEMS = 20
"""Of the rejected rows of a batch so many are kept with their reasons; all are counted."""
KEPT_UNKNOWN = 100
"""So many of the last addresses and tokens that are nobody's."""
UNAUTHENTICATED = 401
_LONGEST_REASON = 150


class _Problem(Protocol):
    @property
    def row(self) -> int: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RefusedPush:
    """A push with a token that opens nothing. Of the token its hash, length and last characters are known."""

    batch_type: str
    token_hash: str
    token_length: int
    token_last4: str
    address: str
    body_bytes: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why batches of a type of a customer are refused, since when, and how often in a row."""

    customer_id: UUID
    batch_type: str
    status: int
    reason: str
    first_at: datetime
    last_at: datetime
    refused: int
    token_last4: str


def in_lines(problems: Sequence[_Problem]) -> str | None:
    """Return the first of the rows that were rejected as lines: the number of each, from 0, and why."""
    lines = (
        f"{problem.row} {' '.join(problem.reason.split())[:_LONGEST_REASON]}"
        for problem in problems[:KEPT_PROBLEMS]
    )
    return "\n".join(lines) or None


def problems_in(lines: str | None) -> Iterator[tuple[int, str]]:
    """Yield the rows of such lines, each with its number and why."""
    for line in (lines or "").splitlines():
        number, _, reason = line.partition(" ")
        if number.isdecimal():
            yield int(number), reason


def counted(pushes: Iterable[RefusedPush]) -> dict[tuple[str, str, str], tuple[RefusedPush, int]]:
    """Return the last push of each token, address and type, and how many there were."""
    found: dict[tuple[str, str, str], tuple[RefusedPush, int]] = {}
    for push in pushes:
        key = (push.token_hash, push.address, push.batch_type)
        found[key] = push, found.get(key, (push, 0))[1] + 1
    return found
