"""HTTP clients over the real application and a real database."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from fleet_ingest.app import build_app
from portal.core.services import accounts, customers, sites
from portal.core.services.customers import IssuedToken
from portal.core.services.sites import IssuedDevice
from portal.core.stack import Stack


@dataclass
class Api:
    """A client of one stack's API."""

    http: httpx.AsyncClient
    stack: Stack
    app: Any

    async def post_readings(self, token: str, body: Any, **headers: str) -> httpx.Response:
        return await self.http.post(
            "/api/ingest/measurements", content=_bytes(body), headers={"Authorization": f"Bearer {token}", **headers}
        )

    async def push(self, token: str, batch_type: str, body: Any, **headers: str) -> httpx.Response:
        sent = {"X-Customer-Token": token, "X-Batch-Type": batch_type, "X-Push-Cursor": "2026-05-18T12:00:00Z"}
        return await self.http.post("/api/fleet/ingest", content=_bytes(body), headers=sent | headers)

    async def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        async with self.stack.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement), parameters)]

    async def count(self, table: str) -> int:
        return (await self.rows(f"SELECT count(*) FROM {table}"))[0][0]

    async def key(self) -> dict[str, str]:
        issued = await accounts.add_api_key(self.stack, "tests")
        return {"Authorization": f"Bearer {issued.key}"}


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


async def _open(stack: Stack) -> AsyncIterator[Api]:
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        yield Api(http, stack, app)
    await app.state.rollups.settle()


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
    await sites.add_municipality(client_stack, "Example City", "Africa/Johannesburg")
    await sites.add_site(client_stack, "Head office", municipality="Example City")
    return await sites.add_device(client_stack, "Main", site="Head office", external_id="main-1")


@dataclass
class Pusher:
    """A customer's Client stack as the Admin sees it."""

    api: Api
    issued: IssuedToken
    site_id: UUID
    device_id: UUID

    async def push(self, batch_type: str, body: Any, **headers: str) -> httpx.Response:
        return await self.api.push(self.issued.token, batch_type, body, **headers)

    async def push_registry(self) -> None:
        """Push the site, the device and the municipality this customer has."""
        site = {"id": str(self.site_id), "name": "Head office", "localMunicipalityId": 1}
        device = {"id": str(self.device_id), "siteId": str(self.site_id), "name": "Main", "externalId": "main-1"}
        municipality = {"id": 1, "name": "Example City", "timeZoneId": "Africa/Johannesburg"}
        for batch_type, row in (("sites", site), ("devices", device), ("municipalities", municipality)):
            answer = await self.push(batch_type, [row])
            assert answer.json() == {"accepted": 1, "rejected": 0, "errors": []}, answer.text


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
