"""What the answer of an Admin means for the push, whatever server it came from. Pure, as the planner is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from portal.core.errors import AdminBehind, ClientBehind
from portal.core.exchange.batches import NEWER_TYPES, BatchAnswer, BatchType

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_WAIT = timedelta(minutes=1)
# An Admin that asks for more than this is asked again anyway: a wrong date must not end the push for ever.
LONGEST_WAIT = timedelta(hours=1)

_ANSWER = msgspec.json.Decoder(BatchAnswer)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, of whatever server it was; `mark` is that of the batch where the Admin keeps it."""

    status: int
    body: bytes = b""
    retry_after: str | None = None
    mark: int | None = None


@dataclass(frozen=True)
class Unreachable:
    """No answer; whether the Admin handled the batch is unknown."""

    reason: str


@dataclass(frozen=True)
class AcceptedBatch:
    """The Admin handled the batch, and keeps this `mark` of it; `refused` maps the number of a row to the reason."""

    refused: Mapping[int, str]
    mark: int | None = None


@dataclass(frozen=True)
class Oversized:
    """The Admin wants fewer rows or bytes."""

    reason: str


@dataclass(frozen=True)
class Unauthorised:
    """The token is not honoured."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """The Admin asked for patience."""

    delay: timedelta
    reason: str


@dataclass(frozen=True)
class Failed:
    """It did not work and may work later."""

    reason: str


@dataclass(frozen=True)
class OutOfSync:
    """One of the two databases was set back: this stack's (`mark` None), or the Admin's, which holds up to `mark`."""

    reason: str
    mark: int | None = None


@dataclass(frozen=True)
class NotKnown:
    """The Admin is of a release that does not know rows of this type."""

    reason: str


ResponseClass = AcceptedBatch | Oversized | Unauthorised | Wait | Failed | OutOfSync | NotKnown


class _ErrorBody(msgspec.Struct):
    code: str
    message: str = ""
    details: dict[str, object] | None = None


class _ErrorAnswer(msgspec.Struct):
    error: _ErrorBody


_ERROR = msgspec.json.Decoder(_ErrorAnswer)


def classify(reply: Reply | Unreachable, row_count: int, now: datetime) -> ResponseClass:
    """Say what an answer to a batch of `row_count` rows means."""
    if isinstance(reply, Unreachable):
        return Failed(reply.reason)
    match reply.status:
        case HTTPStatus.OK:
            return _classify_answer(reply, row_count)
        case HTTPStatus.UNAUTHORIZED:
            return Unauthorised("401: the Admin does not accept this stack's token")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Oversized(f"413: {row_count} rows are too large for the Admin")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Wait(retry_after(reply.retry_after, now), "429: the Admin asks for fewer requests")
        case status:
            return _out_of_sync(reply) or Failed(f"{status}: {_excerpt(reply.body)}".rstrip(": "))


def as_of_type(response: ResponseClass, reply: Reply | Unreachable, resource: BatchType) -> ResponseClass:
    """Return what an answer means for rows of a type: an older Admin refuses a newer one as a whole."""
    is_bad_request = isinstance(reply, Reply) and reply.status == HTTPStatus.BAD_REQUEST
    if resource in NEWER_TYPES and isinstance(response, Failed) and is_bad_request:
        return NotKnown(f"The Admin does not take {resource.value} yet: it is of an earlier release")
    return response


def _out_of_sync(reply: Reply) -> OutOfSync | None:
    """Return what an Admin says about which side is behind; None for a failure of another kind."""
    try:
        error = _ERROR.decode(reply.body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if reply.status != HTTPStatus.CONFLICT:
        return None
    if error.code == ClientBehind.code:
        return OutOfSync(error.message)
    mark = (error.details or {}).get("mark")
    if error.code == AdminBehind.code and isinstance(mark, int) and mark >= 0:
        return OutOfSync(error.message, mark)
    return None


def _classify_answer(reply: Reply, row_count: int) -> ResponseClass:
    """Believe a 200 only when it is the Admin's own and adds up.

    A captive portal or a proxy answers 200 with its own page; taking that for an acknowledgement
    would lose the batch.
    """
    try:
        answer = _ANSWER.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Failed("200 without the Admin's answer: is FleetIngest__Url the Admin's /api/fleet/ingest?")
    if min(answer.accepted, answer.rejected) < 0 or answer.accepted + answer.rejected != row_count:
        return Failed(f"200 that does not add up: {answer.accepted} + {answer.rejected} of {row_count} rows")
    named = {problem.row: problem.reason for problem in answer.errors if 0 <= problem.row < row_count}
    if len(named) < answer.rejected:
        # The Admin did not name them all. Sending accepted rows again is harmless, losing one is not.
        named = {row: named.get(row, "refused without a reason") for row in range(row_count)}
    return AcceptedBatch(named if answer.rejected else {}, mark=reply.mark)


def _excerpt(body: bytes) -> str:
    return re.sub(r"\s+", " ", body[:200].decode("utf-8", "replace")).strip()


def retry_after(header: str | None, now: datetime) -> timedelta:
    """Return how long a `Retry-After` of seconds or of an HTTP date asks for; one minute without a usable one."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        # Nine digits are 31 years: more is not a wait but an overflow.
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return DEFAULT_WAIT
    if until.tzinfo is None:  # RFC 9110: an HTTP date is always in GMT
        until = until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_WAIT)
