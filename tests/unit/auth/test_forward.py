"""What a proxy is told when it asks whether somebody may go on to Grafana."""

from types import SimpleNamespace
from uuid import UUID

import pytest
from httpx import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient

from portal.auth import forward
from portal.core.access import Actor, Role
from portal.core.settings import load_settings

_ALICE = Actor(UUID(int=1), "älice+1@example.com", Role.ADMIN)
_PROXY = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "acme.example.com",
    "X-Forwarded-Uri": "/grafana/d/x?a=1",
}
_DOCUMENT = {"Sec-Fetch-Dest": "document"}


def ask(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], actor: Actor | None = None, **settings: str
) -> Response:
    async def whose(token: str | None, *, is_use: bool = True) -> Actor | None:
        return actor

    given = load_settings({"Grafana__Url": "/grafana", **settings})
    monkeypatch.setattr(forward, "actor_of", whose)
    monkeypatch.setattr(forward, "current", lambda: SimpleNamespace(settings=given))
    client = TestClient(Starlette(routes=list(forward.ROUTES)), follow_redirects=False)
    return client.get(forward.PATH, headers=headers)


def test_a_person_is_named_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(monkeypatch, _PROXY, _ALICE)
    assert answer.status_code == 204
    assert answer.headers["x-webauth-user"] == "%C3%A4lice+1@example.com"
    assert answer.headers["x-webauth-role"] == "Editor"


def test_nobody_is_refused_and_a_page_leads_to_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, _PROXY).status_code == 401
    led = ask(monkeypatch, _PROXY | _DOCUMENT)
    assert led.status_code == 303
    assert led.headers["location"] == "https://acme.example.com/login?next=%2Fgrafana%2Fd%2Fx%3Fa%3D1"


def test_the_public_address_comes_first_and_an_odd_host_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    public = {"Application__PublicUrl": "https://energy.example.com/"}
    led = ask(monkeypatch, _PROXY | _DOCUMENT, None, **public)
    assert led.headers["location"].startswith("https://energy.example.com/login?next=")
    odd = ask(monkeypatch, _PROXY | _DOCUMENT | {"X-Forwarded-Host": "a@evil.example/x"})
    assert odd.headers["location"].startswith("/login?next=")


def test_without_grafana_there_is_nothing_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(monkeypatch, _PROXY, _ALICE, Grafana__Url="").status_code == 404
