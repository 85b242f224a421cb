"""HTTP clients over the real application and a real database."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from fleet_ingest.app import build_app, finish
from portal.core.fleet.service import customers
from portal.core.sites.service import devices, sites
from portal.core.sites.service.devices import IssuedDevice
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities
from tests.integration.fleet_ingest.api import Api, Caller, Pusher


async def _open(stack: Stack) -> AsyncIterator[Api]:
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        yield Api(http, stack, app)
    await finish(app)


@pytest.fixture
async def client_api(client_stack: Stack) -> AsyncIterator[Api]:
    """The API of a Client stack."""
    async for api in _open(client_stack):
        yield api


@pytest.fixture
async def admin_api(admin_stack: Stack) -> AsyncIterator[Api]:
    """The API of an Admin stack."""
    async for api in _open(admin_stack):
        yield api


@pytest.fixture
async def device(client_stack: Stack) -> IssuedDevice:
    """A meter of Alice's."""
    await municipalities.add_municipality(client_stack, "Example City", "Africa/Johannesburg")
    await sites.add_site(client_stack, "Head office", municipality="Example City")
    return await devices.add_device(client_stack, "Main", site="Head office", external_id="main-1")


@pytest.fixture
async def alice(admin_api: Api) -> Pusher:
    """Customer A, whose registry the Admin has."""
    return await _customer(admin_api, "alpha", 0xA)


@pytest.fixture
async def charlie(admin_api: Api) -> Pusher:
    """Customer B."""
    return await _customer(admin_api, "bravo", 0xB)


async def _customer(api: Api, code: str, number: int) -> Pusher:
    issued = await customers.register(api.stack, code, code.title())
    pusher = Pusher(api, issued, UUID(int=number), UUID(int=number + 0x100))
    await pusher.push_registry()
    return pusher


@pytest.fixture
async def call(client_api: Api) -> Caller:
    return Caller(client_api, await client_api.key())


@pytest.fixture
async def operate(admin_api: Api) -> Caller:
    return Caller(admin_api, await admin_api.key())
