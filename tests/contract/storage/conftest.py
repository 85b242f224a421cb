"""The same tests over both storage engines: the one found on the test server decides which of them run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.storage.fleet import Fleet
from tests.integration.databases import NOT_INSTALLED, Clock, Stacks, TestServer, has_timescaledb

ENGINES = ("plain", "timescale")


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
async def stacks(database_server: TestServer, tmp_path: Path) -> AsyncIterator[Stacks]:
    factory = Stacks(database_server, Clock(), tmp_path)
    yield factory
    await factory.close()


@pytest.fixture
async def fleet(stacks: Stacks, engine: str) -> Fleet:
    """An Admin's database on the engine under test, with the meters of two customers."""
    return await Fleet.open(await stacks.admin(Database__Storage=engine))
