"""The session cookie: its name, how it is read and written, and whose it is."""

import hashlib

from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from portal.core.domain.access import Actor
from portal.core.services import accounts
from portal.core.stack import current

COOKIE = "portal_session"
# The server decides when a session ends (idle time, logout); the cookie only has to outlive that.
_COOKIE_MAX_AGE_SECONDS = 30 * 24 * 3600


def token_in(cookie_header: str | None) -> str | None:
    """Return the session token of a raw Cookie header, if it carries one."""
    return cookie_parser(cookie_header or "").get(COOKIE) or None


def fingerprint(token: str | None) -> str:
    """Return what may be kept in memory to recognise a session again without keeping its token."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


async def actor_of(token: str | None) -> Actor | None:
    """Return who is signed in with this token, or None when the session is unknown or over."""
    return await accounts.session_actor(current(), token) if token else None


def set_cookie(response: Response, request: Request, token: str) -> None:
    """Hand the session to the browser, out of reach of any script."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_MAX_AGE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def clear_cookie(response: Response, request: Request) -> None:
    """Take the session back from the browser."""
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
