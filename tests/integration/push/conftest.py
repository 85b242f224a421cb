"""A Client that pushes to an Admin through the real fleet ingest."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fleet_ingest.app import build_app
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.push.rig import Rig, open_rig

OpenRig = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def rigs(stacks: Stacks) -> AsyncIterator[OpenRig]:
    """Opens rigs with settings of their own: `await rigs(FleetIngest__BatchSize="100")`."""
    apps: list[Any] = []

    def admin_app(stack: Stack) -> Any:
        apps.append(build_app(stack.settings, stack))
        return apps[-1]

    async def opened(**settings: Any) -> Rig:
        return await open_rig(stacks, admin_app, **settings)

    yield opened
    for app in apps:
        await app.state.refreshing.drain()


@pytest.fixture
async def rig(rigs: OpenRig) -> Rig:
    """A rig with default settings."""
    return await rigs()
