"""What the tests of the API talk through."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from portal.core.fleet.service.customers import IssuedToken
from portal.core.identity.service import api_keys
from portal.core.stack import Stack


@dataclass
class Api:
    """A client of one stack's API."""

    http: httpx.AsyncClient
    stack: Stack
    app: Any

    async def post_readings(self, token: str, body: Any, **headers: str) -> httpx.Response:
        return await self.http.post(
            "/api/ingest/measurements",
            content=_bytes(body),
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    async def push(self, token: str, batch_type: str, body: Any, **headers: str) -> httpx.Response:
        sent = {
            "X-Customer-Token": token,
            "X-Batch-Type": batch_type,
            "X-Push-Cursor": "2026-05-18T12:00:00Z",
        }
        return await self.http.post("/api/fleet/ingest", content=_bytes(body), headers=sent | headers)

    async def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        async with self.stack.db.transaction() as session:
            return [tuple(row) for row in await session.execute(text(statement), parameters)]

    async def count(self, table: str) -> int:
        return (await self.rows(f"SELECT count(*) FROM {table}"))[0][0]

    async def key(self) -> dict[str, str]:
        issued = await api_keys.add_api_key(self.stack, "tests")
        return {"Authorization": f"Bearer {issued.key}"}


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


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
        device = {
            "id": str(self.device_id),
            "siteId": str(self.site_id),
            "name": "Main",
            "externalId": "main-1",
        }
        municipality = {"id": 1, "name": "Example City", "timeZoneId": "Africa/Johannesburg"}
        for batch_type, row in (("sites", site), ("devices", device), ("municipalities", municipality)):
            answer = await self.push(batch_type, [row])
            assert answer.json() == {"accepted": 1, "rejected": 0, "errors": []}, answer.text


class Caller:
    """A program with a key."""

    def __init__(self, api: Api, key: dict[str, str]) -> None:
        self.api, self.key = api, key

    async def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self.key | more.pop("headers", {})
        return await self.api.http.request(method, path, headers=headers, **more)

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        answer = await self("POST", path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()
