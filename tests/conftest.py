"""What holds for every test: head and end of a run, how it is shared out, what is quicker than in production."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import xdist
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings
from passlib.context import CryptContext

from portal.core import log
from portal.core.database import rows
from portal.core.identity.secrets import passwords
from tests import typed_rows
from tests.distribution import LongestFirst, processes, rank
from tests.forks import forking
from tests.integration.databases import NOT_INSTALLED, TestServer, describe_server, running_server
from tests.integration.operations.servers import NO_OTHER_SERVER, NO_PGBACKREST
from tests.samples import NO_SAMPLES

# A busy machine takes its time; how long an example takes is no law of the domain.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
_PATIENCE_S = 60.0
_HASHES_OF_PRODUCTION = passwords._context
# What is skipped for want of it, and said loudly.
_MAY_BE_MISSING = {
    NOT_INSTALLED: "of that engine",
    NO_SAMPLES: "of real readings",
    NO_PGBACKREST: "of points in time",
    NO_OTHER_SERVER: "of upgrades of PostgreSQL",
}


def pytest_report_header() -> str:
    return describe_server()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return processes()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LongestFirst:
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    if xdist.is_xdist_worker(session):
        items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What a run has loaded by now stays, so nobody has to look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def database_server() -> Iterator[TestServer]:
    """The server on which the tests of this process make their databases."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def portal_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """`portal` as a program: each call is a process of its own, which need not import everything again."""
    with forking(tmp_path_factory.mktemp("portal")) as program:
        yield program


@pytest.fixture(scope="session", autouse=True)
def _a_command_in_this_process_leaves_its_log_alone() -> Iterator[None]:
    """Commands say how their process logs, and loggers keep the stream of that moment: a test's, closed after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **_: None)
        patch.setattr(log, "_take_over_standard_logging", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _rows_hold_what_they_are_said_to() -> Iterator[None]:
    """Of SQL text the type checker knows nothing: what comes of it is looked at wherever a test asks a database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "made", typed_rows.made)
        patch.setattr(rows, "unpackable", typed_rows.made)
        yield


@pytest.fixture(scope="session", autouse=True)
def _answers_take_their_time() -> Iterator[None]:
    """Of what a test asks over HTTP nothing is late after the five seconds of `httpx` where the machine is busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DEFAULT_TIMEOUT_CONFIG, "read", _PATIENCE_S)
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_quickly() -> Iterator[None]:
    """As ever but with the least work: 0.1 s a log-in is what the tests of a hundred guesses would wait for."""
    quick = CryptContext(schemes=["argon2"], argon2__type="ID", argon2__memory_cost=64, argon2__rounds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_context", lambda: quick)
        yield


@pytest.fixture
def hashes_of_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_context", _HASHES_OF_PRODUCTION)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = [
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for missing, tests in _MAY_BE_MISSING.items():
        if skipped := sum(missing in reason for reason in reasons):
            terminalreporter.write_line(
                f"!!!!!!!! {missing}: {skipped} tests {tests} were SKIPPED !!!!!!!!", yellow=True, bold=True
            )
