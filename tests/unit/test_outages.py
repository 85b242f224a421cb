"""What counts as a database that cannot be used, what is said of it, and how often."""

import asyncpg
import pytest
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from portal.core import outages
from portal.core.errors import NotFound, Unavailable
from portal.core.outages import Outage, is_unusable, reason_of, translated

AWAY = [
    ConnectionRefusedError("refused"),
    TimeoutError(),
    PoolTimeout("QueuePool limit of size 5 overflow 5 reached"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.TargetServerAttributeNotMatched("no read-write server"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.exceptions.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.exceptions.CannotConnectNowError("the database system is starting up"),
    asyncpg.exceptions.CrashShutdownError("terminating connection because of crash"),
    asyncpg.exceptions.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.exceptions.DiskFullError("could not extend file"),
    asyncpg.exceptions.OutOfMemoryError("out of shared memory"),
    asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
    asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError("idle-in-transaction timeout"),
    asyncpg.exceptions.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    asyncpg.exceptions.PostgresIOError("could not read block"),
    asyncpg.InvalidCatalogNameError('database "x" does not exist'),
    asyncpg.exceptions.InvalidPasswordError("password authentication failed"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.exceptions.SerializationError("could not serialize access"),
]
OUR_FAULT = [
    asyncpg.exceptions.UndefinedColumnError("no such column"),
    asyncpg.UniqueViolationError("duplicate key"),
    asyncpg.exceptions.StringDataRightTruncationError("value too long"),
    asyncpg.exceptions.ClientConfigurationError("sslmode"),
    ValueError("x"),
    NotFound("x"),
]


def wrapped(error: BaseException) -> DBAPIError:
    """The same as SQLAlchemy hands it on."""
    adapted = Exception(str(error))
    adapted.__cause__ = error
    return DBAPIError("SELECT secret", {}, adapted)


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_the_signs_of_an_outage(error: Exception) -> None:
    assert is_unusable(error)
    assert is_unusable(wrapped(error))
    with pytest.raises(Unavailable) as raised, translated():
        raise wrapped(error)
    assert raised.value.message in outages.WORDS
    assert type(error).__name__ in reason_of(raised.value)
    assert "secret" not in reason_of(raised.value)
    assert "\n" not in reason_of(raised.value)


@pytest.mark.parametrize("error", OUR_FAULT, ids=lambda error: type(error).__name__)
def test_a_fault_of_our_own_is_none(error: Exception) -> None:
    assert not is_unusable(error)
    with pytest.raises(type(error)), translated():
        raise error


def test_a_lost_connection_is_one_whatever_the_driver_says() -> None:
    assert is_unusable(DBAPIError("SELECT 1", {}, Exception("?"), connection_invalidated=True))


def test_people_hear_what_it_is() -> None:
    heard = {
        outages.unavailable(error).message
        for error in (
            asyncpg.exceptions.DiskFullError("x"),
            asyncpg.exceptions.ReadOnlySQLTransactionError("x"),
            asyncpg.exceptions.TooManyConnectionsError("x"),
            ConnectionRefusedError("x"),
        )
    }
    assert heard == outages.WORDS


def test_a_loop_says_once_that_it_is_in_trouble_and_once_that_it_is_over() -> None:
    outage = Outage(structlog.get_logger(), "The figures are not read")
    with capture_logs() as events:
        for _ in range(3):
            with outage.noted():
                raise Unavailable("away") from ConnectionRefusedError("refused")
        with outage.noted():
            raise TimeoutError
        for _ in range(2):
            with outage.noted():
                pass
    assert [(event["event"], event["log_level"]) for event in events] == [
        ("The figures are not read", "warning"),
        ("The figures are not read: over", "info"),
    ]
    assert events[0]["reason"] == "ConnectionRefusedError: refused"


def test_a_fault_of_our_own_in_a_loop_is_said_with_its_location_also_during_an_outage() -> None:
    outage = Outage(structlog.get_logger(), "The figures are not read")
    with capture_logs() as events:
        for error in (TimeoutError(), KeyError("x"), KeyError("x")):
            with outage.noted():
                raise error
    assert [event["log_level"] for event in events] == ["warning", "error"]
    assert isinstance(events[1]["exc_info"], KeyError)
