"""What keeps the front door safe: limits, figures, headers, and nothing that gives a credential away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.types import Message, Scope

from fleet_ingest import bodies
from fleet_ingest.app import build_app
from portal.core.energy import energy_proof
from portal.core.fleet.queries import fleet_batches
from portal.core.fleet.service import customers
from portal.core.sites.service.devices import IssuedDevice
from portal.core.values.tokens import token_hash
from tests.integration.databases import Stacks
from tests.integration.fleet_ingest.api import Api, Pusher

READING = {"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}


@pytest.fixture
async def narrow_api(stacks: Stacks) -> AsyncIterator[Api]:
    """An Admin with narrow limits."""
    stack = await stacks.admin(RateLimit__CustomerPerMinute="3", RateLimit__FailuresPerMinute="2")
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        yield Api(http, stack, app)


async def test_a_customer_over_its_limit_is_told_when_to_come_back(narrow_api: Api) -> None:
    first = await customers.register(narrow_api.stack, "first", "First")
    second = await customers.register(narrow_api.stack, "second", "Second")
    answers = [await narrow_api.push(first.token, "sites", []) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await narrow_api.push(second.token, "sites", [])).status_code == 200


async def test_guessing_ends_but_customers_behind_the_same_address_get_in(narrow_api: Api) -> None:
    known = await customers.register(narrow_api.stack, "known", "Known")
    assert (await narrow_api.push(known.token, "sites", [])).status_code == 200
    answers = [await narrow_api.push(f"{number:064x}", "sites", []) for number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await narrow_api.push(known.token, "sites", [])).status_code == 200


async def test_the_figures_say_what_came_in(admin_api: Api, alice: Pusher) -> None:
    row = READING | {"deviceId": str(alice.device_id)}
    stranger = READING | {"deviceId": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}
    await alice.push("measurements", [row])
    await alice.push("measurements", [row, stranger])
    await alice.push("measurements", [row | {"currentNA": 1}])
    await alice.push("measurements", [row | {"currentNA": 2}])
    await alice.push("measurements", b"{}")
    await admin_api.push("0" * 64, "sites", [])
    answer = await admin_api.http.get("/metrics", headers=await admin_api.key())
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'portal_ingest_rows_total{outcome="accepted",type="measurements"} 1.0',
        'portal_ingest_rows_total{outcome="duplicate",type="measurements"} 1.0',
        'portal_ingest_rows_total{outcome="completed",type="measurements"} 1.0',
        'portal_ingest_rows_total{outcome="conflict",type="measurements"} 1.0',
        'portal_ingest_rows_total{outcome="rejected",type="measurements"} 1.0',
        'portal_ingest_refused_batches_total{reason="invalid",type="measurements"} 1.0',
        'portal_ingest_batch_seconds_count{type="measurements"} 4.0',
        'portal_auth_failures_total{credential="customer"} 1.0',
        "portal_database_pool_waiting 0.0",
    ):
        assert line in answer.text, line
    assert alice.issued.token not in answer.text


async def test_the_figures_say_whether_all_energy_balances(admin_api: Api, alice: Pusher) -> None:
    key = await admin_api.key()
    register = [
        READING
        | {
            "deviceId": str(alice.device_id),
            "time": f"2026-05-18T1{hour}:00:00Z",
            "energyImportedKwh": 7 + hour,
        }
        for hour in range(3)
    ]
    await alice.push("measurements", register)
    before = (await admin_api.http.get("/metrics", headers=key)).text
    assert "portal_rollup_queue_length" in before
    assert "portal_energy_difference_kwh" not in before
    await energy_proof.check(admin_api.stack)
    balanced = (await admin_api.http.get("/metrics", headers=key)).text
    assert "portal_energy_difference_kwh 0.0" in balanced
    assert "portal_energy_comparisons 1.0" in balanced
    assert "portal_rollup_queue_length 0.0" in balanced
    async with admin_api.stack.db.transaction() as session:
        await session.execute(
            text("UPDATE fleet.daily_energy SET allocated_milliwh = allocated_milliwh + 250000")
        )
    await energy_proof.check(admin_api.stack)
    off = (await admin_api.http.get("/metrics", headers=key)).text
    assert "portal_energy_difference_kwh 0.25" in off
    assert "portal_energy_differences 1.0" in off


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 401),
    ],
)
async def test_figures_are_for_this_machine_or_a_key(
    admin_api: Api, host: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(admin_api.app, client=(host, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://stack.example") as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


async def test_no_credential_reaches_the_log(
    client_api: Api, device: IssuedDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    key = (await client_api.key())["Authorization"].removeprefix("Bearer ")
    await client_api.post_readings(device.token, [READING])
    await client_api.post_readings(device.token, b"nonsense")
    await client_api.post_readings("f" * 64, [READING])
    await client_api.http.get("/api/sites", headers={"Authorization": f"Bearer {key}"})
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert "Accepted 1 measurements from main-1" in logged
    for secret in (device.token, key, "f" * 64):
        assert secret not in logged


class _Untouched:
    """A body that nobody may ask for."""

    def __init__(self, app: Any) -> None:
        self.app, self.asked = app, False

    async def post(self, path: str, headers: dict[str, str]) -> int:
        status: list[int] = []

        async def receive() -> Message:
            self.asked = True
            return {"type": "http.request", "body": b"[" * 1000, "more_body": True}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope: Scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": raw, "client": ("192.0.2.1", 1), "scheme": "http", "server": ("x", 80), "root_path": "",
            "http_version": "1.1", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await self.app(scope, receive, send)
        return status[0]


async def test_a_stranger_gets_no_byte_read(client_api: Api) -> None:
    body = _Untouched(client_api.app)
    assert await body.post("/api/ingest/measurements", {"Authorization": f"Bearer {'0' * 64}"}) == 401
    assert not body.asked


async def test_a_body_that_says_it_is_huge_is_refused_unread(client_api: Api, device: IssuedDevice) -> None:
    body = _Untouched(client_api.app)
    headers = {"Authorization": f"Bearer {device.token}", "Content-Length": str(10**12)}
    assert await body.post("/api/ingest/measurements", headers) == 413
    assert not body.asked


async def test_a_sender_that_falls_silent_is_let_go(
    client_api: Api, device: IssuedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.1)

    async def silent() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(30)

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await _stream_through(client_api.app, request, silent())

    async with httpx.AsyncClient(transport=Transport(), base_url="http://stack.example") as http:
        answer = await http.post(
            "/api/ingest/measurements", headers={"Authorization": f"Bearer {device.token}"}, content=b"["
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (408, "timeout")
    assert await client_api.count("monitoring.power_measurements") == 0


async def _stream_through(app: Any, request: httpx.Request, body: AsyncIterator[bytes]) -> httpx.Response:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def send(message: Message) -> None:
        messages.append(message)

    lowered = [(name.lower(), value) for name, value in request.headers.raw]
    scope: Scope = {
        "type": "http", "method": "POST", "path": request.url.path, "raw_path": request.url.raw_path,
        "query_string": b"", "headers": [pair for pair in lowered if pair[0] != b"content-length"],
        "client": ("192.0.2.1", 1), "scheme": "http", "server": ("x", 80), "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in messages[1:])
    return httpx.Response(messages[0]["status"], content=content)


async def test_every_wrong_token_costs_one_look_up_by_its_hash(
    admin_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = fleet_batches.customer_by_token_hash

    async def look_up(connection: Any, hashed: str, now: Any) -> Any:
        asked.append(hashed)
        return await real(connection, hashed, now)

    monkeypatch.setattr(fleet_batches, "customer_by_token_hash", look_up)
    wrong = ("", "x", "0" * 64, "0" * 5000)
    for token in wrong:
        assert (await admin_api.push(token, "sites", [])).status_code == 401
    assert asked == [token_hash(token) for token in wrong]


async def test_answers_carry_sane_headers(admin_api: Api) -> None:
    for path in ("/api/openapi.json", "/api/docs", "/health/live", "/api/nothing", "/api/admin/customers"):
        headers = (await admin_api.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store", path
        assert "server" not in headers
    refused = await admin_api.http.get("/api/admin/customers")
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_the_page_of_the_document_fetches_nothing(admin_api: Api) -> None:
    answer = await admin_api.http.get("/api/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for absent in ("<script", "src=", "http://", "https://", "@import", "url("):
        assert absent not in answer.text
    assert "/api/fleet/ingest" in answer.text
    assert "X-Batch-Type" in answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"])
async def test_only_the_methods_that_exist(admin_api: Api, method: str) -> None:
    answer = await admin_api.http.request(method, "/api/fleet/ingest")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
