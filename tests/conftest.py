"""What holds for every test: the database is said in the head of the run, and no test changes how others log."""

from collections.abc import Iterator

import pytest
import structlog
import xdist
from hypothesis import settings

from portal.core import log
from tests.distribution import LongestFirst, rank
from tests.integration.databases import NOT_INSTALLED, TestServer, describe_server, running_server

# A busy machine takes its time; how long an example takes is no law of the domain.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_report_header() -> str:
    return describe_server()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LongestFirst:
    config.option.loadscopereorder = False
    return LongestFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    if xdist.is_xdist_worker(session):
        items.sort(key=rank)


@pytest.fixture(scope="session")
def database_server() -> Iterator[TestServer]:
    """The server on which the tests of this process make their databases."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _a_command_in_this_process_leaves_its_log_alone() -> Iterator[None]:
    """Commands say how their process logs, and loggers keep the stream of that moment: a test's, closed after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **_: None)
        patch.setattr(log, "_take_over_standard_logging", lambda _: None)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NOT_INSTALLED in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.write_line(
            f"!!!!!!!! {NOT_INSTALLED}: {len(skipped)} tests of that engine were SKIPPED !!!!!!!!",
            yellow=True,
            bold=True,
        )
