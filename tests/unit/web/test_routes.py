"""Signing in and out over HTTP, with the accounts service played by a stand-in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from portal.auth import routes
from portal.core.errors import LockedOut, NotFound, Unauthenticated
from portal.core.identity.service import sessions
from portal.web.http import forms

_NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)


class Accounts:
    """Knows one account and one with a second factor, and remembers what it was asked."""

    CodeWanted = sessions.CodeWanted
    CODE_LIFETIME = sessions.CODE_LIFETIME

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.signed_out: list[str] = []

    async def sign_in(self, _: Any, email: str, password: str, address: str, agent: str) -> Any:
        self.asked.append((email, password, address))
        if email == "locked@example.com":
            raise LockedOut("closed", _NOW + timedelta(minutes=13, seconds=1))
        if password != "right":
            raise Unauthenticated("no")
        if email == "careful@example.com":
            return sessions.CodeWanted("the-step", _NOW)
        return SimpleNamespace(token="the-token")

    async def finish_sign_in(self, _: Any, token: str, code: str, address: str, agent: str) -> Any:
        self.asked.append((token, code, address))
        if token != "the-step":
            raise NotFound("late")
        if code == "locked":
            raise LockedOut("closed", _NOW + timedelta(minutes=60))
        if code != "123456":
            raise Unauthenticated("no")
        return SimpleNamespace(token="the-token")

    async def sign_out(self, _: Any, token: str) -> None:
        self.signed_out.append(token)


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Accounts:
    stand_in = Accounts()
    application = SimpleNamespace(public_url="", name="Acme")
    stack = SimpleNamespace(settings=SimpleNamespace(application=application), clock=lambda: _NOW)

    async def nobody(_: str) -> None: ...

    monkeypatch.setattr(routes, "sessions", stand_in)
    monkeypatch.setattr(routes, "current", lambda: stack)
    monkeypatch.setattr(forms, "current", lambda: stack)
    monkeypatch.setattr(routes, "actor_of", nobody)
    monkeypatch.setattr(routes.tabs, "sign_out_everywhere", nobody)
    return stand_in


@pytest.fixture
async def http(accounts: Accounts) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(routes.auth_app(), client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example") as client:
        yield client


def _form(**fields: str) -> dict[str, Any]:
    return {"data": {"email": "bob@example.com", "password": "right"} | fields}


async def test_the_cookie_is_secure_behind_https_and_out_of_reach(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/login", **_form())
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"portal_session=the-token", "httponly", "secure", "samesite=lax", "path=/"} <= parts
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_without_https_the_cookie_still_reaches_the_browser(http: httpx.AsyncClient) -> None:
    answer = await http.post("http://portal.example/auth/login", **_form())
    assert "secure" not in answer.headers["set-cookie"].lower()


async def test_the_service_is_told_the_address_the_attempt_comes_from(
    http: httpx.AsyncClient, accounts: Accounts
) -> None:
    await http.post("/auth/login", **_form(email=" bob@example.com "))
    assert accounts.asked == [("bob@example.com", "right", "203.0.113.7")]


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("https://portal.example/login?error=credentials&next=%2Fsettings", "/settings"),
        ("https://portal.example/login?next=%2F%2Fevil.example", "/"),
        ("https://portal.example/login?next=", "/"),
        ("https://portal.example/login", "/"),
        ("?next=%00", "/"),
    ],
)
async def test_who_is_quicker_than_the_page_gets_where_its_address_says(
    http: httpx.AsyncClient, referer: str, location: str
) -> None:
    answer = await http.post("/auth/login", **_form(next="/"), headers={"Referer": referer})
    assert answer.headers["location"] == location


async def test_a_second_factor_is_asked_for_before_there_is_a_session(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/login", **_form(email="careful@example.com", next="/customers"))
    assert answer.headers["location"] == "/login-code?next=%2Fcustomers"
    [cookie] = answer.headers.get_list("set-cookie")
    parts = {part.strip().lower() for part in cookie.split(";")}
    expected = {
        "portal_step=the-step",
        "httponly",
        "secure",
        "samesite=strict",
        "path=/auth/code",
        "max-age=300",
    }
    assert expected <= parts


@pytest.mark.parametrize(
    ("step", "code", "location", "opens"),
    [
        ("the-step", "123456", "/customers", True),
        ("the-step", "000000", "/login-code?error=code&next=%2Fcustomers", False),
        ("the-step", "locked", "/login?error=locked&minutes=60&next=%2Fcustomers", False),
        ("another", "123456", "/login?error=late&next=%2Fcustomers", False),
        ("", "123456", "/login?error=late&next=%2Fcustomers", False),
    ],
    ids=["right", "wrong", "closed", "late", "without the first step"],
)
async def test_the_code_finishes_the_log_in_or_says_why_not(
    http: httpx.AsyncClient, step: str, code: str, location: str, *, opens: bool
) -> None:
    form = {"code": code, "next": "/customers"}
    answer = await http.post("/auth/code", data=form, headers={"Cookie": f"portal_step={step}"})
    assert answer.headers["location"] == location
    cookies = " ".join(answer.headers.get_list("set-cookie"))
    assert ("portal_session=the-token" in cookies) is opens
    assert ('portal_step=""' in cookies) is (code != "000000")


async def test_a_closed_account_says_for_how_long(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/login", **_form(email="locked@example.com", next="/x"))
    assert answer.headers["location"] == "/login?error=locked&minutes=14&next=%2Fx"
    assert "set-cookie" not in answer.headers


async def test_a_failure_sets_no_cookie_and_keeps_the_way(http: httpx.AsyncClient) -> None:
    answer = await http.post("/auth/login", **_form(password="wrong", next="/customers"))
    assert answer.headers["location"] == "/login?error=credentials&next=%2Fcustomers"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("body", ["", "email=a", "password=%00", "x" * 20_000, "email=" + "a" * 20_000])
async def test_a_strange_body_is_a_failed_login_or_too_large(http: httpx.AsyncClient, body: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/auth/login", content=body, headers=headers)
    assert answer.status_code in (303, 413)
    assert "set-cookie" not in answer.headers


async def test_a_body_of_unknown_length_is_not_read(http: httpx.AsyncClient, accounts: Accounts) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"email=bob@example.com&password=right"

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/auth/login", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert accounts.asked == []


@pytest.mark.parametrize("path", ["/auth/login", "/auth/code", "/auth/logout"])
async def test_another_site_is_refused_before_anything_is_asked(
    http: httpx.AsyncClient, accounts: Accounts, path: str
) -> None:
    headers = {"Origin": "https://evil.example", "Cookie": "portal_session=the-token"}
    answer = await http.post(path, **_form(), headers=headers)
    assert answer.status_code == 403
    assert accounts.asked == accounts.signed_out == []


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(
    http: httpx.AsyncClient, accounts: Accounts
) -> None:
    answer = await http.post("/auth/logout", headers={"Cookie": "portal_session=the-token"})
    assert accounts.signed_out == ["the-token"]
    assert 'portal_session=""' in answer.headers["set-cookie"]
    assert answer.headers["location"] == "/login?signed-out=1"


async def test_a_link_cannot_sign_anybody_out(http: httpx.AsyncClient, accounts: Accounts) -> None:
    answer = await http.get("/auth/logout", headers={"Cookie": "portal_session=the-token"})
    assert answer.status_code == 405
    assert accounts.signed_out == []
