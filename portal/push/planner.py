"""What the push decides, without clock, network or database: every function here is pure.

An answer of the Admin has a response class (`responses.classify`), which becomes the next state of its resource
(`after_*`), and a batch that was handled becomes what happens to the readings in it (`acknowledge`, `sort_refused`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from portal.core.exchange.batches import NEWER_TYPES
from portal.core.outbox.queries.push import MAX_ERROR_LENGTH, Acknowledgement, PushState, RowRefusal
from portal.push.responses import LONGEST_WAIT, Failed, NotKnown, Unauthorised, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.core.outbox.queries.push import Backlog, WaitingReading

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30))
MAX_TRIES = 5
# An Admin does not say of which release it is: what it does not take is offered to it twice a day.
UNTIL_NEXT_RELEASE = timedelta(hours=12)
_JITTER = 0.1
# As gzip: all thirty quantities, a source of 50 characters and a device of its own, all at random, take 345 to 355
# bytes a row; what any body begins and ends with takes less than 200.
_LONGEST_ROW_BYTES = 380
_FRAME_BYTES = 200
REFUSED_PASS = "refused"  # noqa: S105 - marks a pass over a full set in which the Admin refused rows
_REFUSED_MARK = "!"


def back_off(failures: int, chance: float = 0) -> timedelta:
    """Return the wait after the `failures`-th failure in a row (1 and up)."""
    return _jittered(BACK_OFF[min(max(failures, 1), len(BACK_OFF)) - 1], chance)


def _jittered(wait: timedelta, chance: float) -> timedelta:
    """Return up to a tenth more, by a chance in [0, 1).

    After an outage every Client comes back; they must not all come in the same second.
    """
    return wait * (1 + _JITTER * chance)


def is_due(state: PushState, now: datetime) -> bool:
    """Whether the resource may be pushed at `now`.

    A wait that ends further away than any wait can be was set under another clock and does not count.
    """
    if state.is_stopped:
        return False
    wait = UNTIL_NEXT_RELEASE if state.resource in NEWER_TYPES else LONGEST_WAIT
    longest = wait * (1 + _JITTER)
    return state.next_attempt_at is None or not now < state.next_attempt_at <= now + longest


def after_success(state: PushState, cursor: datetime, now: datetime) -> PushState:
    """Return the state after a batch the Admin handled; failures are forgotten."""
    return replace(
        state,
        last_cursor=cursor,
        last_synced_at=now,
        last_error=None,
        consecutive_failures=0,
        next_attempt_at=None,
        is_stopped=False,
    )


def after_failure(state: PushState, reason: str, now: datetime, chance: float = 0) -> PushState:
    """Return the state after a failure: one more in a row, and the wait that goes with it."""
    failures = state.consecutive_failures + 1
    return replace(
        state,
        last_error=reason[:MAX_ERROR_LENGTH],
        consecutive_failures=failures,
        next_attempt_at=now + back_off(failures, chance),
    )


def after_response(
    state: PushState, response: Wait | Unauthorised | Failed | NotKnown, now: datetime, chance: float = 0
) -> PushState:
    """Return the state after an answer that ends the resource's turn; `chance` in [0, 1) spreads the waits."""
    match response:
        case Failed(reason):
            return after_failure(state, reason, now, chance)
        case Wait(delay, reason):
            until = now + _jittered(delay, chance)
            return replace(state, last_error=reason[:MAX_ERROR_LENGTH], next_attempt_at=until)
        case NotKnown(reason):
            until = now + _jittered(UNTIL_NEXT_RELEASE, chance)
            return replace(
                state, last_error=reason, consecutive_failures=0, next_attempt_at=until, is_stopped=False
            )
        case Unauthorised(reason):
            return replace(state, last_error=reason[:MAX_ERROR_LENGTH], is_stopped=True, next_attempt_at=None)


def shrunk(state: PushState, sent_rows: int, reason: str) -> PushState:
    """Return the state after a 413 to a batch of several rows: half of what was sent."""
    return replace(state, batch_limit=max(1, sent_rows // 2), last_error=reason[:MAX_ERROR_LENGTH])


def refused_set(digest: str) -> str:
    """Return what is remembered of a set of which rows were refused, in place of the digest of a set that is there."""
    return _REFUSED_MARK + digest[1:]


def was_refused(state: PushState) -> bool:
    """Whether the resource waits only because rows of its set were refused."""
    return not state.is_stopped and (state.content_hash or "").startswith(_REFUSED_MARK)


def most_rows(state: PushState, batch_size: int) -> int:
    """Return how many rows the next batch may have: the settings' size, or less after a 413."""
    if not state.batch_limit:
        return batch_size
    # The limit was kept under other settings, or edited by hand.
    return min(max(state.batch_limit, 1), batch_size)


def regrown(state: PushState, batch_size: int) -> PushState:
    """Return the state with twice the batch, up to the configured size: one fat row must not slow the push for ever."""
    if state.batch_limit is None:
        return state
    doubled = most_rows(state, batch_size) * 2
    return replace(state, batch_limit=None if doubled >= batch_size else doubled)


class LaneKind(StrEnum):
    """The sources of readings: those that arrived first, those the Admin refused, and the freshest."""

    OLDEST = "oldest"
    REFUSED = "refused"
    FRESHEST = "freshest"


def sure_rows(max_rows: int, max_bytes: int) -> int:
    """Return how many readings fit one batch however long their numbers are."""
    return max(min(max_rows, (max_bytes - _FRAME_BYTES) // _LONGEST_ROW_BYTES), 1)


def lanes(left: Backlog, rows_per_tick: int, most_batches: int, chance: float) -> tuple[LaneKind, ...]:
    """Return the lanes that take turns in a tick, a batch at a time.

    The freshest readings get a lane of their own while more waits than a tick can send, so that a month of
    back-fill does not hold them up. With fewer batches than lanes, chance in [0, 1) says who begins.
    """
    wanted = {
        LaneKind.OLDEST: left.pending_rows > 0,
        LaneKind.REFUSED: left.retry_rows > 0,
        LaneKind.FRESHEST: left.pending_rows > rows_per_tick,
    }
    found = [kind for kind, has_work in wanted.items() if has_work]
    if most_batches < len(found):
        first = int(chance * len(found))
        found = found[first:] + found[:first]
    return tuple(found)


def left_after(left: Backlog, rows: int) -> Backlog:
    """Return what is left when `rows` less wait: of the readings first, then of those refused, then values beside."""
    waiting = max(left.pending_rows - rows, 0)
    others = max(rows - left.pending_rows, 0)
    retries = max(left.retry_rows - others, 0)
    conflicts = max(left.conflicts - max(others - left.retry_rows, 0), 0)
    oldest = left.oldest_received_at if waiting or retries else None
    return replace(
        left, pending_rows=waiting, retry_rows=retries, conflicts=conflicts, oldest_received_at=oldest
    )


def drain_seconds(waiting_rows: int, rows_per_tick: int, interval_seconds: float) -> int:
    """Return how long it takes until nothing waits, at the pace the settings allow."""
    return ceil(-(-waiting_rows // max(rows_per_tick, 1)) * interval_seconds)


def fewer_rows(count: int, body_bytes: int, max_bytes: int) -> int:
    """Return how many of `count` rows to try next, whose body was too large: a share of them, at least one."""
    # A twentieth less than the share: fewer rows are less alike, and another try costs more than the room left.
    return max(min(count * max_bytes * 19 // (body_bytes * 20), count - 1), 1)


def acknowledge(rows: Sequence[WaitingReading], sent: int, *, is_complete: bool) -> Acknowledgement:
    """Return what happens to the outbox when the first `sent` readings among `rows` are acknowledged.

    `is_complete`: the entries in `rows` have no readings beyond `rows`. Rows without a reading
    stand for entries that have none left. `sent` counts readings, not rows.
    """
    end = _rows_of(rows, sent)
    done, left = rows[:end], rows[end:]
    if not done:
        return Acknowledgement()
    last = done[-1]
    goes_on = left[0].entry_id == last.entry_id if left else not is_complete
    finished = dict.fromkeys(row.entry_id for row in done)
    if not goes_on or last.reading is None:
        return Acknowledgement(finished_ids=tuple(finished))
    del finished[last.entry_id]
    return Acknowledgement(
        finished_ids=tuple(finished),
        partial_id=last.entry_id,
        sent_time=last.reading.time,
        sent_rows=sum(row.entry_id == last.entry_id for row in done),
    )


def _rows_of(rows: Sequence[WaitingReading], sent: int) -> int:
    """Return how many rows the first `sent` readings span, with the empty ones that follow them."""
    seen = 0
    for index, row in enumerate(rows):
        if row.reading is None:
            continue
        if seen == sent:
            return index
        seen += 1
    return len(rows)


def sort_refused(
    refused: Sequence[RowRefusal], now: datetime
) -> tuple[tuple[RowRefusal, ...], tuple[RowRefusal, ...]]:
    """Split refused readings into those to try again, with their time, and those to give up.

    The first retry is due at once: it waits for the next tick, which pushes sites and devices first.
    """
    again = tuple(
        replace(row, next_attempt_at=now + (back_off(row.tries - 1) if row.tries > 1 else timedelta(0)))
        for row in refused
        if row.tries < MAX_TRIES
    )
    return again, tuple(row for row in refused if row.tries >= MAX_TRIES)
