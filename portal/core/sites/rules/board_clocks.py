"""What the times in a board's posts say of its clock.

Only the newest reading of a post is looked at, and how far it is ahead of the server (its skew; behind is negative).

- Ahead by more than two minutes: nobody has measured the future, so the clock is ahead, at once.
- Before 2010: the clock was never set, at once.
- Behind by more than two minutes may be a reading that comes late, and most are. Who works off what was stored catches
  up: each post is less behind than the one before. Who only has a slow clock, or whose readings are always as old when
  they come, stays where it is: behind by the same two minutes in five posts in a row, over ten minutes or more.
- Within two minutes: the clock is right, and nothing is said any more, unless readings that came with a time ahead
  are still ahead: those hide nothing, but somebody will look for them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.core.values.time import CLOCK_TOLERANCE, EARLIEST_READING_AT, LATEST_AHEAD

_MANY_POSTS = 5
_LONG_ENOUGH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LateRun:
    """Posts in a row that were late by about the same: since when (aware UTC), how many, by how little, by how much."""

    since_at: datetime
    posts: int
    least: timedelta
    most: timedelta

    def with_post(self, late: timedelta, now: datetime) -> "LateRun":
        """Return the run with one more post, or the one that begins with it."""
        least, most = min(self.least, late), max(self.most, late)
        if most - least > CLOCK_TOLERANCE:
            return LateRun(now, 1, late, late)
        return LateRun(self.since_at, self.posts + 1, least, most)

    def is_certain(self, now: datetime) -> bool:
        """Whether nobody who catches up would have stayed so far behind for so long."""
        return self.posts >= _MANY_POSTS and now - self.since_at >= _LONG_ENOUGH


@dataclass(frozen=True, slots=True)
class BoardClock:
    """What is known of a clock that is wrong, or may be.

    `skew` is how far it is ahead (negative: behind), None while that is not certain. Readings were stored up to
    `ahead_until`. Instants are aware UTC.
    """

    skew: timedelta | None = None
    ahead_until: datetime | None = None
    late: LateRun | None = None


RIGHT = BoardClock()


def after_post(clock: BoardClock, newest_at: datetime, now: datetime) -> BoardClock:
    """Return what is known after a post whose newest reading is stamped `newest_at` arrived at `now`.

    The same object where nothing new is known; `RIGHT` where nothing is wrong. A skew that is known changes only when
    it is another by more than the tolerance. Takes and returns aware UTC.
    """
    skew = newest_at - now
    if skew > CLOCK_TOLERANCE:
        return _ahead(clock, newest_at, now)
    if newest_at < EARLIEST_READING_AT:
        return _changed(clock, replace(clock, skew=_steady(clock.skew, skew), late=None))
    if -skew > CLOCK_TOLERANCE:
        return _late(clock, -skew, now)
    if clock.ahead_until is not None and clock.ahead_until > now + CLOCK_TOLERANCE:
        return _changed(clock, replace(clock, late=None))
    return RIGHT


def _ahead(clock: BoardClock, newest_at: datetime, now: datetime) -> BoardClock:
    until = clock.ahead_until
    if newest_at <= now + LATEST_AHEAD and (until is None or newest_at > until):
        until = newest_at
    return _changed(clock, BoardClock(_steady(clock.skew, newest_at - now), until))


def _late(clock: BoardClock, late: timedelta, now: datetime) -> BoardClock:
    run = LateRun(now, 1, late, late) if clock.late is None else clock.late.with_post(late, now)
    skew = clock.skew
    if run.is_certain(now):
        skew = _steady(skew, -run.least)
        if skew == clock.skew and clock.late is not None:
            return clock
    elif skew is not None and skew < EARLIEST_READING_AT - now:
        skew = None  # it has been set meanwhile
    return replace(clock, skew=skew, late=run)


def _steady(known: timedelta | None, found: timedelta) -> timedelta:
    return found if known is None or abs(found - known) > CLOCK_TOLERANCE else known


def _changed(before: BoardClock, after: BoardClock) -> BoardClock:
    return before if before == after else after
