"""The outermost layer, over an app that says which path reached it."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse

from portal.core.access import Actor, Role
from portal.web.http import edge as edge_module
from portal.web.http.edge import Edge

_PAGE = {"Accept": "text/html,application/xhtml+xml"}
_SIGNED_IN = _PAGE | {"Cookie": "theme=dark; portal_session=good"}


@pytest.fixture
async def browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async def actor_of(token: str | None, **_: bool) -> Actor | None:
        return Actor(uuid4(), "bob@example.com", Role.USER) if token == "good" else None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(scope["path"])(scope, receive, send)

    monkeypatch.setattr(edge_module, "actor_of", actor_of)
    (tmp_path / "login.html").touch()
    transport = httpx.ASGITransport(Edge(app, static=tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/customers/5", "/nowhere", "/LOGIN", "/loginx"])
async def test_a_page_needs_a_session(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers=_PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_dead_session_is_none(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/", headers=_PAGE | {"Cookie": "portal_session=dead"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_the_way_back_is_kept_with_its_question(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/customers/5?tab=cost", headers=_PAGE)
    assert answer.headers["location"] == "/login?next=%2Fcustomers%2F5%3Ftab%3Dcost"


async def test_pages_and_the_login_page_are_served_without_a_detour(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/customers/5", headers=_SIGNED_IN)).text == "/customers/5"
    assert (await browser.get("/login", headers=_PAGE)).text == "/login.html"
    assert (await browser.get("/login/", headers=_PAGE)).text == "/login.html"


async def test_who_is_signed_in_needs_no_login_page(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/login", headers=_SIGNED_IN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "path", ["/api/sites", "/health/live", "/metrics", "/branding.css", "/assets/app.js", "/ping"]
)
async def test_what_is_no_page_answers_for_itself(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers=_PAGE)
    assert (answer.status_code, answer.text) == (200, path)


async def test_assets_may_be_kept_for_ever_and_pages_not(browser: httpx.AsyncClient) -> None:
    asset = await browser.get("/assets/app-1234.js")
    page = await browser.get("/", headers=_SIGNED_IN)
    assert "immutable" in asset.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/branding.css"])
async def test_pages_and_their_files_carry_the_security_headers(
    browser: httpx.AsyncClient, path: str
) -> None:
    headers = (await browser.get(path, headers=_SIGNED_IN)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/api/sites", "/health/live", "/metrics"])
async def test_figures_carry_no_headers_about_pages(path: str) -> None:
    async def figures(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse([])(scope, receive, send)

    transport = httpx.ASGITransport(Edge(figures, static=Path()))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example") as client:
        headers = (await client.get(path)).headers
    assert set(headers) == {"content-type", "content-length", "x-content-type-options"}


async def test_a_page_of_the_api_is_a_page() -> None:
    async def described(scope: Any, receive: Any, send: Any) -> None:
        await HTMLResponse("")(scope, receive, send)

    transport = httpx.ASGITransport(Edge(described, static=Path()))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.example") as client:
        headers = (await client.get("/api/docs")).headers
    assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("origin", "passes"), [(b"http://portal.example", True), (b"https://evil.example", False)]
)
async def test_a_websocket_is_for_our_own_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: bytes, *, passes: bool
) -> None:
    application = SimpleNamespace(public_url="")
    stack = SimpleNamespace(settings=SimpleNamespace(application=application))
    monkeypatch.setattr(edge_module, "current", lambda: stack)
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    headers = [(b"host", b"portal.example"), (b"origin", origin)]
    await Edge(app, static=tmp_path)(
        {"type": "websocket", "path": "/_event", "headers": headers}, receive, send
    )
    assert sent == ["websocket.accept" if passes else "websocket.close"]


async def test_https_is_kept_to_by_whoever_came_by_it(browser: httpx.AsyncClient) -> None:
    plain = await browser.get("/login", headers=_PAGE)
    secured = await browser.get("https://portal.example/login", headers=_PAGE)
    assert "strict-transport-security" not in plain.headers
    assert secured.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_a_links_secret_leaves_the_address_at_once(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("https://portal.example/set-password?token=s3cret", headers=_PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/set-password")
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"portal_link=s3cret", "httponly", "secure", "samesite=strict", "path=/auth/set-password"} <= parts
    assert (await browser.get("/set-password", headers=_PAGE)).status_code == 200
