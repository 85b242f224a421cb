"""The OpenAPI document tells the truth about a run mode: what it lists is served, with the answers it lists."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from fleet_ingest.app import build_app
from fleet_ingest.auth import SESSION_COOKIE
from portal.core.settings import Application, RunMode, Settings
from portal.web.http.session import COOKIE

ANY_ID = "00000000-0000-4000-8000-000000000001"
METHODS = ("get", "post", "put", "patch", "delete")


def _app(mode: RunMode) -> Any:
    return build_app(Settings(application=Application(run_mode=mode)))


def _client(mode: RunMode) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(_app(mode), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://stack")


async def _document(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/api/openapi.json")
    assert answer.status_code == httpx.codes.OK
    return answer.json()


def _addresses(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return every (method, full path) the document promises."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path, item in document["paths"].items():
        for server in item.get("servers", document["servers"]):
            for method in METHODS:
                if method in item:
                    found[method, server["url"].rstrip("/") + path] = item[method]
    return found


def _concrete(path: str) -> str:
    numbered = re.sub(r"\{(municipality|tariff|alert)_id\}", "1", path)
    return re.sub(r"\{[^}]+\}", ANY_ID, numbered)


@pytest.mark.parametrize("mode", list(RunMode))
async def test_what_is_listed_is_served_as_listed(mode: RunMode) -> None:
    async with _client(mode) as client:
        addresses = _addresses(await _document(client))
        assert addresses
        for (method, path), operation in addresses.items():
            answer = await client.request(method, _concrete(path))
            assert str(answer.status_code) in operation["responses"], f"{method} {path}: {answer.status_code}"
            assert answer.status_code not in {404, 405}, f"{method} {path} is not served"


@pytest.mark.parametrize(
    ("mode", "other"), [(RunMode.CLIENT, RunMode.ADMIN), (RunMode.ADMIN, RunMode.CLIENT)]
)
async def test_the_other_modes_routes_are_not_there(mode: RunMode, other: RunMode) -> None:
    async with _client(other) as there, _client(mode) as here:
        foreign = set(_addresses(await _document(there))) - set(_addresses(await _document(here)))
        assert foreign
        for method, path in sorted(foreign):
            answer = await here.request(method, _concrete(path))
            assert answer.status_code == httpx.codes.NOT_FOUND, f"{method} {path}"
            assert answer.json()["error"]["code"]


def test_pages_and_api_mean_the_same_cookie() -> None:
    """The API may not import the pages' log-in, so both name the cookie."""
    assert SESSION_COOKIE == COOKIE
