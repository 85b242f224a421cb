"""Who is known gets in, whatever others behind the same address get wrong; who is not costs little."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import httpx
import pytest

from fleet_ingest import suspects
from fleet_ingest.app import build_app, finish
from portal.core.errors import Unavailable
from portal.core.fleet.service import customers
from portal.core.identity.service import accounts, api_keys, sessions
from portal.core.operations.service import credentials
from portal.core.operations.service.credentials import Kind
from portal.core.sites.service.devices import IssuedDevice
from portal.core.stack import Stack
from tests.integration.databases import Stacks
from tests.integration.fleet_ingest.api import Api

READING = [{"time": "2026-05-18T08:00:00Z", "activePowerKw": 1}]
_FLOOD = 2000


async def _restarted(stack: Stack, failures: int) -> AsyncIterator[Api]:
    """A process that has seen nobody, with its address out of failures already."""
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        for _ in range(failures):
            await http.get("/api/sites", headers={"Authorization": "Bearer wrong"})
        yield Api(http, stack, app)
    await finish(app)


@pytest.fixture
async def closed_client(client_stack: Stack) -> AsyncIterator[Api]:
    async for api in _restarted(client_stack, 60):
        yield api


@pytest.fixture
async def closed_admin(stacks: Stacks) -> AsyncIterator[Api]:
    stack = await stacks.admin(RateLimit__FailuresPerMinute="1")
    app = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stack.example") as http:
        await http.get("/api/fleet/overview", headers={"Authorization": "Bearer wrong"})
        yield Api(http, stack, app)


async def test_a_board_the_process_has_not_seen_gets_in_from_a_closed_address(
    closed_client: Api, device: IssuedDevice
) -> None:
    assert (await closed_client.post_readings("0" * 64, READING)).status_code == 429
    assert (await closed_client.post_readings(device.token, READING)).json()["accepted"] == 1


async def test_so_do_customers_machines_and_people(closed_admin: Api) -> None:
    stack, overview = closed_admin.stack, "/api/fleet/overview"
    issued = await customers.register(stack, "known", "Known")
    rotated = await customers.rotate(stack, issued.id)
    key = await api_keys.add_api_key(stack, "machine")
    await accounts.ensure_first_admin(stack)
    chosen = stack.settings.authentication
    signed_in = await sessions.sign_in(
        stack, chosen.default_admin_email, chosen.default_admin_password.get_secret_value()
    )
    cookie = {"Cookie": f"portal_session={signed_in.token}"}
    bearer = {"Authorization": f"Bearer {key.key}"}
    assert (await closed_admin.push(rotated.token, "sites", [])).status_code == 200
    assert (await closed_admin.push(issued.token, "sites", [])).status_code == 200
    assert (await closed_admin.http.get(overview, headers=bearer)).status_code == 200
    assert (await closed_admin.http.get(overview, headers=cookie)).status_code == 200
    await api_keys.revoke_api_key(stack, key.id)
    await sessions.sign_out(stack, signed_in.token)
    await customers.set_active(stack, issued.id, False)
    strangers = build_app(stack.settings, stack)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(strangers), base_url="http://x") as http:
        again = Api(http, stack, strangers)
        await again.push("wrong", "sites", [])
        assert (await again.push(rotated.token, "sites", [])).status_code == 429
        assert (await http.get(overview, headers=bearer)).status_code == 429
        assert (await http.get(overview, headers=cookie)).status_code == 429


async def test_a_flood_of_wrong_tokens_is_asked_about_together_and_the_right_one_is_found_in_it(
    closed_client: Api, device: IssuedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[int] = []
    at_once = 0

    async def known_among(stack: Stack, kind: Kind, hashes: Collection[str]) -> frozenset[str]:
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        questions.append(len(hashes))
        try:
            await asyncio.sleep(0.02)
            return await credentials.known_among(stack, kind, hashes)
        finally:
            at_once -= 1

    monkeypatch.setattr(suspects, "known_among", known_among)
    wrong = [closed_client.post_readings(f"{number:064x}", READING) for number in range(_FLOOD)]
    right = closed_client.post_readings(device.token, READING)
    *refused, taken = await asyncio.gather(*wrong, right)
    assert {answer.status_code for answer in refused} == {429}
    assert taken.status_code == 200
    assert sum(questions) == _FLOOD + 1
    assert max(questions) <= 500
    assert len(questions) < _FLOOD / 10


async def test_without_a_database_nobody_is_told_that_their_token_is_wrong(
    closed_client: Api, device: IssuedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def known_among(*_: Any) -> frozenset[str]:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(suspects, "known_among", known_among)
    assert (await closed_client.post_readings(device.token, READING)).status_code == 503
    monkeypatch.undo()
    assert (await closed_client.post_readings(device.token, READING)).status_code == 200
