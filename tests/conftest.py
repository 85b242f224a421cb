"""What holds for every test: the database is said in the head of the run, and no test changes how others log."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from portal.core import log
from tests.integration.databases import describe_server

# A busy machine takes its time; how long an example takes is no law of the domain.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_report_header() -> str:
    return describe_server()


@pytest.fixture(scope="session", autouse=True)
def _a_command_in_this_process_leaves_its_log_alone() -> Iterator[None]:
    """Commands say how their process logs, and loggers keep the stream of that moment: a test's, closed after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **_: None)
        patch.setattr(log, "_take_over_standard_logging", lambda _: None)
        yield
