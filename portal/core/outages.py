"""When the database cannot be used just now: the signs of it, what is said about it, and how often.

Whatever the driver raises is told apart here and nowhere else. The signs are SQLSTATEs, which a server, a pooler and a
proxy in between have in common, and the driver's own errors about a connection.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.core.errors import Conflict, Unavailable
from portal.core.log import logger
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import structlog

READ_ONLY = "25006"
_FULL = "53100"
_OUT_OF_TIME = "57014"
_NO_LOCK = "55P03"
# The connection is lost or refused, nobody is let in, something has run out, an operator steps in, the disk fails.
_AWAY_CLASSES = frozenset({"08", "28", "53", "57", "58"})
# Read-only, ended by a limit on idling or on the whole transaction, no such database, a lock that was not to be had.
_AWAY_CODES = frozenset({READ_ONLY, "25P03", "25P04", "3D000", _NO_LOCK})
# Two were in each other's way (deadlock, serialization) and this one has to begin again.
_COLLISION_CLASS = "40"
_VALUE_CLASS = "22"
# What one row says of another (unique, foreign key; the first is how a newer server says the last of a deletion).
_CLASH_CODES = frozenset({"23001", "23503", "23505"})
_BUSY_CODES = frozenset({"53300", _OUT_OF_TIME, _NO_LOCK})

_NO_ANSWER = noted("The database does not answer.")
_BUSY = noted("The database is too busy just now. Try again in a moment.")
_IS_READ_ONLY = noted("The database is read-only just now, so nothing can be stored.")
_IS_FULL = noted("The database has no room left, so nothing can be stored.")
_CLASH = noted("Somebody else changed this at the same moment, so nothing was done: look at it again.")
WORDS = frozenset({_NO_ANSWER, _BUSY, _IS_READ_ONLY, _IS_FULL})
"""All that an `Unavailable` of the database can say to people."""

_log = logger("database")


def is_away(error: BaseException) -> bool:
    """Whether an error means that the database cannot be used just now, whatever was asked of it."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_away(_of_driver(error))
    if isinstance(error, asyncpg.PostgresError):
        state = _state(error)
        return state[:2] in _AWAY_CLASSES or state in _AWAY_CODES
    if isinstance(error, asyncpg.InterfaceError):  # those about settings are a ValueError as well
        return not isinstance(error, ValueError)
    return isinstance(error, (OSError, PoolTimeout, asyncpg.TargetServerAttributeNotMatched))


def is_unusable(error: BaseException) -> bool:
    """Whether it is away, or this attempt collided with another one: the same may work in a moment."""
    return is_away(error) or _state(error)[:2] == _COLLISION_CLASS


def is_out_of_time(error: BaseException) -> bool:
    """Whether a statement was ended because it took longer than it may."""
    return _state(error) == _OUT_OF_TIME


def is_in_the_way(error: BaseException) -> bool:
    """Whether a lock did not come in time, or two waited for each other."""
    state = _state(error)
    return state == _NO_LOCK or state[:2] == _COLLISION_CLASS


def is_refused_value(error: BaseException) -> bool:
    """Whether the database cannot hold a value it was given: too long, too large, not text. The value is at fault."""
    return _state(error)[:2] == _VALUE_CLASS


def is_read_only(error: BaseException) -> bool:
    """Whether the server takes no changes over this connection."""
    return _state(error) == READ_ONLY


def is_full(error: BaseException) -> bool:
    """Whether the server's disk has no room."""
    return _state(error) == _FULL


def unavailable(error: BaseException) -> Unavailable:
    """Return what to raise in place of such an error."""
    return Unavailable(_words(error))


def too_busy() -> Unavailable:
    """Return what to raise where a turn does not come in time."""
    return Unavailable(_BUSY)


def reason_of(error: BaseException) -> str:
    """Return in one line what happened, for the log; without the statement, which may be long."""
    told, words = _told(error), words_of(error)
    name = type(told).__name__
    return name if words == name else f"{name}: {words}"


def words_of(error: BaseException) -> str:
    """Return the same in the server's or the machine's own words alone, without a full stop."""
    told = _told(error)
    lines = str(told).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(told).__name__


def _told(error: BaseException) -> BaseException:
    cause = error.__cause__ if isinstance(error, Unavailable) and error.__cause__ else error
    return _of_driver(cause) if isinstance(cause, DBAPIError) else cause


@contextmanager
def translated(
    signs: Callable[[BaseException], bool] = is_unusable,
    note: Callable[[BaseException], object] = lambda _: None,
) -> Generator[None, None, None]:
    """Raise `Unavailable` in place of errors that show one of the signs; `note` is told of them first."""
    try:
        yield
    except Unavailable:
        raise
    except Exception as error:
        if not signs(error):
            raise
        note(error)
        raise unavailable(error) from error


@contextmanager
def clashes_refused() -> Generator[None, None, None]:
    """Raise `Conflict` in place of a unique or foreign key that does not hold.

    A use case looks first and says in its own words what is taken or in use: what gets here came in between.
    """
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        if _state(error) not in _CLASH_CODES:
            raise
        # Where nobody else was there it is a fault of our own, which would be seen nowhere else.
        told = _told(error)
        _log.warning("Two changes met in a key", constraint=getattr(told, "constraint_name", None))
        raise Conflict(_CLASH) from error


class Outage:
    """What a loop says about its trouble: one line when it begins and one when it is over, not one for every beat."""

    def __init__(self, log: structlog.stdlib.BoundLogger, words: str) -> None:
        """`words` say what does not work, as a sentence without its full stop."""
        self._log = log
        self._words = words
        self._said: str | None = None

    def note(self, error: BaseException) -> None:
        """Say that it does not work, unless that was said; a fault of our own is said with where it happened."""
        is_outside = isinstance(error, Unavailable) or is_unusable(error)
        kind = "away" if is_outside else type(error).__name__
        if kind == self._said:
            return
        self._said = kind
        if is_outside:
            self._log.warning(self._words, reason=reason_of(error))
        else:
            self._log.error(self._words, exc_info=error)

    def over(self) -> None:
        """Say that it works again, if it did not."""
        if self._said is not None:
            self._said = None
            self._log.info(f"{self._words}: over")

    @contextmanager
    def noted(self) -> Generator[None, None, None]:
        """Run one beat; what it raises is noted and goes no further."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a loop goes on, whatever it is
            self.note(error)
        else:
            self.over()


def _words(error: BaseException) -> str:
    state = _state(error)
    if state == READ_ONLY:
        return _IS_READ_ONLY
    if state == _FULL:
        return _IS_FULL
    is_busy = state in _BUSY_CODES or state[:2] == _COLLISION_CLASS or isinstance(error, PoolTimeout)
    return _BUSY if is_busy else _NO_ANSWER


def _state(error: BaseException) -> str:
    if isinstance(error, DBAPIError):
        return _state(_of_driver(error))
    return str(getattr(error, "sqlstate", None) or "")


def _of_driver(error: DBAPIError) -> BaseException:
    """Return the driver's error under one of SQLAlchemy's."""
    return getattr(error.orig, "__cause__", None) or error.orig or error
