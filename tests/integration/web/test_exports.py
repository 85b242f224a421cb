"""Whoever takes data out of a stack is written down."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from portal.core import stack as stacks
from portal.core.access import Role, Scope
from portal.core.audit import service as audit
from portal.core.errors import NotFound
from portal.core.identity.service import accounts, api_keys, sessions
from portal.core.stack import Stack
from portal.web.http.downloads import guarded_download

BOB, PASSWORD = "bob@example.com", "correct horse battery"


async def _file(request: Request) -> Response:
    if "missing" in request.query_params:
        raise NotFound("There is no such site.")
    return PlainTextResponse("figures")


@pytest.fixture
def installed(client_stack: Stack) -> Iterator[Stack]:
    stacks.install(client_stack)
    yield client_stack
    stacks.uninstall()


async def test_a_download_is_in_the_trail_and_a_refused_one_is_not(installed: Stack) -> None:
    await accounts.add_user(installed, BOB, Role.USER, PASSWORD)
    token = (await sessions.sign_in(installed, BOB, PASSWORD)).token
    app = Starlette(routes=[Route("/download/cost.csv", guarded_download(_file, ("from", "missing")))])
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://stack.example") as http:
        cookie = {"Cookie": f"portal_session={token}"}
        assert (await http.get("/download/cost.csv")).status_code == 303
        assert (await http.get("/download/cost.csv?missing=1", headers=cookie)).status_code == 404
        assert (await http.get("/download/cost.csv?from=2026-05-18", headers=cookie)).text == "figures"
    [event] = await audit.list_events(installed, topic="data")
    assert (event.actor_name, event.address, event.subject, event.detail) == (
        BOB,
        "203.0.113.7",
        "/download/cost.csv",
        "from=2026-05-18",
    )


async def test_a_machine_gets_a_file_with_its_key(installed: Stack) -> None:
    reading = await api_keys.add_api_key(installed, "reports", Scope.READ)
    app = Starlette(routes=[Route("/download/cost.csv", guarded_download(_file, ("from", "missing")))])
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://stack.example") as http:
        key = {"Authorization": f"Bearer {reading.key}"}
        assert (await http.get("/download/cost.csv?from=2026-05-18", headers=key)).text == "figures"
        missing = await http.get("/download/cost.csv?missing=1", headers=key)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        misspelt = await http.get("/download/cost.csv?form=2026-05-18", headers=key)
        assert misspelt.status_code == 400
        assert misspelt.json()["error"]["message"] == "unknown parameter 'form'; known: from, missing"
        wrong = await http.get("/download/cost.csv", headers={"Authorization": "Bearer nobody's"})
        assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
    [event] = await audit.list_events(installed, topic="data")
    assert (event.actor_name, event.detail) == ("reports", "from=2026-05-18")
