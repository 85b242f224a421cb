"""Signing in and out: plain HTTP, because only a new request can carry a new cookie to the websocket."""

from datetime import datetime
from math import ceil
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.auth import branding, tabs
from portal.auth.origin import is_same_origin, local_path
from portal.auth.session import clear_cookie, fingerprint, set_cookie, token_in
from portal.core.errors import Invalid, LockedOut, Unauthenticated
from portal.core.services import accounts
from portal.core.stack import current

_MAX_FORM_BYTES = 16_384


def auth_app() -> Starlette:
    """Return the routes under `/auth` and the brand's files; everything else passes through to the pages."""
    return Starlette(
        routes=[
            Route("/auth/login", _login, methods=["POST"]),
            Route("/auth/logout", _logout, methods=["POST"]),
            *branding.ROUTES,
        ]
    )


async def _login(request: Request) -> Response:
    if not _is_ours(request):
        return _from_elsewhere()
    # A body that does not say how long it is would be read to its end, however far that is.
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MAX_FORM_BYTES:
        return PlainTextResponse("The form is too large.", 413)
    async with request.form(max_files=0, max_fields=10) as form:
        email, password = str(form.get("email") or "").strip(), str(form.get("password") or "")
        onward = local_path(str(form.get("next") or "/"))
    address = request.client.host if request.client else ""
    try:
        signed_in = await accounts.sign_in(current(), email, password, address)
    except LockedOut as locked:
        return _back_to_login(onward, error="locked", minutes=_minutes_until(locked.until))
    except (Unauthenticated, Invalid):
        return _back_to_login(onward, error="credentials")
    response = RedirectResponse(onward, 303)
    set_cookie(response, request, signed_in.token)
    return response


async def _logout(request: Request) -> Response:
    if not _is_ours(request):
        return _from_elsewhere()
    if token := token_in(request.headers.get("cookie")):
        await accounts.sign_out(current(), token)
        await tabs.sign_out_everywhere(fingerprint(token))
    response = RedirectResponse("/login?signed-out=1", 303)
    clear_cookie(response, request)
    return response


def _is_ours(request: Request) -> bool:
    return is_same_origin(request.headers, current().settings.application.public_url)


def _from_elsewhere() -> Response:
    return PlainTextResponse("This form was sent from another site, so it was not accepted.", 403)


def _back_to_login(onward: str, **why: str | int) -> Response:
    query = dict(why) | ({"next": onward} if onward != "/" else {})
    return RedirectResponse(f"/login?{urlencode(query)}", 303)


def _minutes_until(until: datetime) -> int:
    return max(1, ceil((until - current().clock()).total_seconds() / 60))
