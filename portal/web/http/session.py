"""The session cookie: its name, how it is read and written, and whose it is."""

import hashlib

from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from portal.core.access import Actor
from portal.core.identity.service import sessions
from portal.core.languages import Speech, of_browser
from portal.core.stack import current

COOKIE = "portal_session"
_STEP_COOKIE = "portal_step"
_STEP_PATH = "/auth/code"
_LINK_COOKIE = "portal_link"
_LINK_PATH = "/auth/set-password"
_LINK_MAX_AGE_SECONDS = 3600
# The server decides when a session ends (idle time, logout); the cookie only has to outlive that.
_COOKIE_MAX_AGE_SECONDS = 30 * 24 * 3600


def token_in(cookie_header: str | None) -> str | None:
    """Return the session token of a raw Cookie header, if it carries one."""
    return cookie_parser(cookie_header or "").get(COOKIE) or None


def fingerprint(token: str | None) -> str:
    """Return what may be kept in memory to recognise a session again without keeping its token."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


async def actor_of(token: str | None, *, is_use: bool = True) -> Actor | None:
    """Return who is signed in with this token, or None when the session is unknown or over.

    `is_use=False` is for what an open page asks by itself, which is no sign of a person.
    """
    return await sessions.session_actor(current(), token, is_use=is_use) if token else None


def speech_of(actor: Actor | None, accept_language: str | None = None) -> Speech:
    """Return how somebody is spoken to: as they said, and who is not signed in as their browser asks for."""
    return of_browser(accept_language) if actor is None else Speech(actor.language, actor.locale)


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


def keep_step(response: Response, request: Request, token: str, max_age_seconds: int) -> None:
    """Hand the browser what finishes a log-in whose code is still to come, for the one form that needs it."""
    response.set_cookie(
        _STEP_COOKIE,
        token,
        max_age=max_age_seconds,
        path=_STEP_PATH,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def step_in(request: Request) -> str:
    """Return what a log-in that waits for its code goes by in this browser, if one does."""
    return request.cookies.get(_STEP_COOKIE, "")


def forget_step(response: Response) -> None:
    """Take it back."""
    response.delete_cookie(_STEP_COOKIE, path=_STEP_PATH, httponly=True, samesite="strict")


def keep_link(response: Response, token: str, *, is_https: bool) -> None:
    """Hand the secret of a password link to the browser, for the one form that needs it."""
    response.set_cookie(
        _LINK_COOKIE,
        token,
        max_age=_LINK_MAX_AGE_SECONDS,
        path=_LINK_PATH,
        httponly=True,
        samesite="strict",
        secure=is_https,
    )


def link_in(request: Request) -> str:
    """Return the secret of the password link this browser came by, if any."""
    return request.cookies.get(_LINK_COOKIE, "")


def forget_link(response: Response) -> None:
    """Take the secret of a used password link back."""
    response.delete_cookie(_LINK_COOKIE, path=_LINK_PATH, httponly=True, samesite="strict")
