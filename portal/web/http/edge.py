"""The outermost layer: pages only for people who are signed in, clean addresses, cache and security headers."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.core.errors import Unavailable
from portal.core.languages import speak
from portal.core.stack import current
from portal.web.http import unavailable
from portal.web.http.introduction import Introduction
from portal.web.http.origin import is_same_origin
from portal.web.http.proxy import ProxyHops
from portal.web.http.session import actor_of, keep_link, speech_of, token_in

_LOGIN = "/login"
_LOGIN_CODE = "/login-code"
_SET_PASSWORD = "/set-password"  # noqa: S105 - a path
# Pages for people who are not signed in.
_OPEN_PAGES = (_LOGIN, _LOGIN_CODE, _SET_PASSWORD)
# A year; only sent behind https, where a visitor already has what it asks for.
_TRANSPORT = "max-age=31536000; includeSubDomains"
# Paths that are never a page: they answer for themselves.
_NOT_PAGES = ("/assets/", "/auth/", "/api/", "/brand", "/health/", "/metrics", "/_", "/ping", "/external/")
# What machines ask for: boards pay for each byte, and headers about pages say nothing about figures.
_API = ("/api/", "/health/", "/metrics")
# Inline scripts and styles are what the compiled pages start with. Without 'unsafe-eval' the server
# cannot make a page run a script, which is the point: handlers change state and redirect, nothing else.
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'self'"
)


class Edge:
    """Wraps the whole app; `static` holds the built pages, `any_port` is for the development server."""

    def __init__(self, app: ASGIApp, *, static: Path, any_port: bool = False) -> None:
        self._app, self._static, self._any_port = app, static, any_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        public_url = current().settings.application.public_url
        if is_same_origin(headers, public_url, any_port=self._any_port):
            await self._app(scope, Introduction(receive, send), send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "another origin"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        is_page = _is_page(scope, headers)
        send = _with_headers(send, path, is_page=is_page, is_https=scope.get("scheme") == "https")
        if not is_page:
            with suppress(ClientDisconnect):  # whoever went away in the middle of a form is owed no answer
                await self._app(scope, receive, send)
            return
        if path.rstrip("/") == _SET_PASSWORD and (token := QueryParams(scope["query_string"]).get("token")):
            await _keep_link(scope, token)(scope, receive, send)
            return
        try:
            actor = await actor_of(token_in(headers.get("cookie")))
        except Unavailable as error:
            await unavailable.answer(scope["method"], headers, error)(scope, receive, send)
            return
        speak(speech_of(actor, headers.get("accept-language")))
        if actor is None and path.rstrip("/") not in _OPEN_PAGES:
            await RedirectResponse(_login_address(scope), 303)(scope, receive, send)
        elif actor is not None and path.rstrip("/") in (_LOGIN, _LOGIN_CODE):
            await RedirectResponse("/", 303)(scope, receive, send)
        else:
            await self._app(self._clean(scope), receive, send)

    def _clean(self, scope: Scope) -> Scope:
        """Serve `/name` from `name.html` itself, instead of by way of a redirect to `/name/`."""
        clean = scope["path"].strip("/")
        if clean and (self._static / f"{clean}.html").is_file():
            return {**scope, "path": f"/{clean}.html", "raw_path": f"/{clean}.html".encode()}
        return scope


def edge(static: Path, *, any_port: bool = False, proxy_hops: int = 0) -> Callable[[ASGIApp], ASGIApp]:
    """Return what wraps an app in an `Edge`, behind so many trusted proxies."""
    return lambda app: ProxyHops(Edge(app, static=static, any_port=any_port), proxy_hops)


def _keep_link(scope: Scope, token: str) -> RedirectResponse:
    """Take the secret of a link out of the address, where it would be seen and remembered, into a cookie."""
    response = RedirectResponse(_SET_PASSWORD, 303)
    keep_link(response, token, is_https=scope.get("scheme") == "https")
    return response


def _is_page(scope: Scope, headers: Headers) -> bool:
    wants_page = scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", "")
    return (
        wants_page
        and not scope["path"].startswith(_NOT_PAGES)
        and "." not in scope["path"].rsplit("/", 1)[-1]
    )


def _is_figures(path: str, headers: MutableHeaders) -> bool:
    return path.startswith(_API) and not headers.get("content-type", "").startswith("text/html")


def _protect_page(headers: MutableHeaders, *, is_https: bool) -> None:
    headers["referrer-policy"] = "same-origin"
    headers["x-frame-options"] = "SAMEORIGIN"
    headers.setdefault("content-security-policy", _CONTENT_POLICY)
    if is_https:
        headers["strict-transport-security"] = _TRANSPORT


def _login_address(scope: Scope) -> str:
    wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return _LOGIN if wanted == "/" else f"{_LOGIN}?{urlencode({'next': wanted})}"


def _with_headers(send: Send, path: str, *, is_page: bool, is_https: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-content-type-options"] = "nosniff"
            if not _is_figures(path, headers):
                _protect_page(headers, is_https=is_https)
            if path.startswith("/assets/") and message["status"] == 200:
                headers["cache-control"] = "public, max-age=31536000, immutable"
            elif is_page:
                headers["cache-control"] = "no-cache"
                headers.add_vary_header("Cookie, Accept-Language")
        await send(message)

    return send_with_headers
