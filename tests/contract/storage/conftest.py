"""The same tests over both storage engines: the one found on the test server decides which of them run."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from portal.core.settings import RunMode
from tests.contract.storage.fleet import Fleet
from tests.integration.databases import Clock, Stacks, TestServer, has_timescaledb, running_server

NOT_INSTALLED = "TimescaleDB IS NOT INSTALLED on the test server"
ENGINES = ("plain", "timescale")


@pytest.fixture(scope="session")
def engine_server() -> Iterator[TestServer]:
    """The server of this run, with a template for each run mode and each engine it can have."""
    with running_server() as server:
        for mode in RunMode:
            for engine in ENGINES[: 2 if has_timescaledb() else 1]:
                server.make_template(mode, engine)
        yield server
        server.drop_templates()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "timescale" and not has_timescaledb():
        pytest.skip(NOT_INSTALLED)
    return request.param


@pytest.fixture
def timescale() -> str:
    """For what only one engine has."""
    if not has_timescaledb():
        pytest.skip(NOT_INSTALLED)
    return "timescale"


@pytest.fixture
async def stacks(engine_server: TestServer, tmp_path: Path) -> AsyncIterator[Stacks]:
    factory = Stacks(engine_server, Clock(), tmp_path)
    yield factory
    await factory.close()


@pytest.fixture
async def fleet(stacks: Stacks, engine: str) -> Fleet:
    """An Admin's database on the engine under test, with the meters of two customers."""
    return await Fleet.open(await stacks.admin(Database__Storage=engine))


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
