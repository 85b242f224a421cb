"""Forms the browser itself posts: only a new request can carry a new cookie to the websocket, or a file."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from math import ceil
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.auth import forward
from portal.auth.single_sign_on import routes as single_sign_on
from portal.core.audit.acting import set_acting
from portal.core.errors import Invalid, LockedOut, NotFound, Throttled, Unauthenticated
from portal.core.identity.service import accounts, sessions
from portal.core.identity.service.speech import set_speech
from portal.core.stack import current
from portal.web.brand import branding, images
from portal.web.events import tabs
from portal.web.http import unavailable
from portal.web.http.forms import MAX_FORM_BYTES, address_of, refusal_of, too_often
from portal.web.http.origin import local_path
from portal.web.http.session import (
    actor_of,
    clear_cookie,
    fingerprint,
    forget_link,
    forget_step,
    keep_step,
    link_in,
    set_cookie,
    step_in,
    token_in,
)

_ACCOUNT = "/settings"
_SET_PASSWORD = "/set-password"  # noqa: S105 - a path
Handler = Callable[[Request, FormData], Awaitable[Response]]


def auth_app() -> Starlette:
    """Return the routes under `/auth` and the brand's files; everything else passes through to the pages."""
    return Starlette(
        routes=[
            Route("/auth/login", _form(_login), methods=["POST"]),
            Route("/auth/code", _form(_code), methods=["POST"]),
            Route("/auth/logout", _logout, methods=["POST"]),
            Route("/auth/password", _form(_change_password), methods=["POST"]),
            Route("/auth/language", _form(_set_language), methods=["POST"]),
            Route("/auth/set-password", _form(_set_password), methods=["POST"]),
            *forward.ROUTES,
            *single_sign_on.ROUTES,
            *images.ROUTES,
            *branding.ROUTES,
        ],
        exception_handlers=unavailable.HANDLERS,
    )


def _form(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Hand a small form of our own pages to a handler."""

    async def endpoint(request: Request) -> Response:
        if (refused := refusal_of(request, MAX_FORM_BYTES)) is not None:
            return refused
        async with request.form(max_files=0, max_fields=10) as form:
            try:
                return await handler(request, form)
            except Throttled as refused:
                return too_often(refused)

    return endpoint


async def _login(request: Request, form: FormData) -> Response:
    email, password = _text(form, "email").strip(), _text(form, "password")
    onward = _onward(request, form)
    try:
        made = await sessions.sign_in(current(), email, password, address_of(request), _agent_of(request))
    except LockedOut as locked:
        return _back_to_login(onward, error="locked", minutes=_minutes_until(locked.until))
    except Throttled as refused:
        return _back_to_login(onward, error="locked", minutes=_minutes(refused.retry_after_seconds))
    except (Unauthenticated, Invalid):
        return _back_to_login(onward, error="credentials")
    if isinstance(made, sessions.CodeWanted):
        response = _to("/login-code", onward)
        keep_step(response, request, made.token, int(sessions.CODE_LIFETIME.total_seconds()))
        return response
    return _signed_in(request, made.token, onward)


async def _code(request: Request, form: FormData) -> Response:
    """Finish a log-in that waits for its code."""
    onward, code = _onward(request, form), _text(form, "code")
    try:
        made = await sessions.finish_sign_in(
            current(), step_in(request), code, address_of(request), _agent_of(request)
        )
    except LockedOut as locked:
        response = _back_to_login(onward, error="locked", minutes=_minutes_until(locked.until))
    except Throttled as refused:
        response = _back_to_login(onward, error="locked", minutes=_minutes(refused.retry_after_seconds))
    except Unauthenticated:
        return _to("/login-code", onward, error="code")
    except NotFound:
        response = _back_to_login(onward, error="late")
    else:
        response = _signed_in(request, made.token, onward)
    forget_step(response)
    return response


def _onward(request: Request, form: FormData) -> str:
    """Return where a log-in leads: the page fills it into the form, and until it has, its address says it."""
    wanted = local_path(_text(form, "next"))
    if wanted != "/":
        return wanted
    _, _, query = request.headers.get("referer", "").partition("?")
    return local_path(parse_qs(query).get("next", ["/"])[0])


def _signed_in(request: Request, token: str, onward: str) -> Response:
    response = RedirectResponse(onward, 303)
    set_cookie(response, request, token)
    return response


async def _change_password(request: Request, form: FormData) -> Response:
    actor = await actor_of(token_in(request.headers.get("cookie")))
    if actor is None:
        return RedirectResponse("/login", 303)
    set_acting(actor, address_of(request))
    present, wanted = _text(form, "present"), _text(form, "wanted")
    try:
        token = await accounts.change_password(current(), actor, present, wanted, _agent_of(request))
    except LockedOut:
        return RedirectResponse(f"{_ACCOUNT}?problem=locked", 303)
    except Unauthenticated:
        return RedirectResponse(f"{_ACCOUNT}?problem=wrong", 303)
    except Invalid:
        return RedirectResponse(f"{_ACCOUNT}?problem=poor", 303)
    return _signed_in(request, token, f"{_ACCOUNT}?changed=1")


async def _set_language(request: Request, form: FormData) -> Response:
    """Have the person spoken to as they chose: the answer loads their page anew, in the words of that language."""
    actor = await actor_of(token_in(request.headers.get("cookie")))
    if actor is None:
        return RedirectResponse("/login", 303)
    set_acting(actor, address_of(request))
    try:
        await set_speech(current(), actor.id, _text(form, "language"), _text(form, "locale"))
    except Invalid:
        return RedirectResponse(f"{_ACCOUNT}?problem=language", 303)
    return RedirectResponse(f"{_ACCOUNT}?language=1", 303)


async def _set_password(request: Request, form: FormData) -> Response:
    set_acting(None, address_of(request))
    try:
        await accounts.set_password(current(), link_in(request), _text(form, "password"))
    except Invalid:
        return RedirectResponse(f"{_SET_PASSWORD}?problem=poor", 303)
    except Unauthenticated:
        return RedirectResponse(f"{_SET_PASSWORD}?problem=link", 303)
    response = RedirectResponse("/login?password-set=1", 303)
    forget_link(response)
    return response


async def _logout(request: Request) -> Response:
    if (refused := refusal_of(request)) is not None:
        return refused
    if token := token_in(request.headers.get("cookie")):
        set_acting(await actor_of(token), address_of(request))
        await sessions.sign_out(current(), token)
        await tabs.sign_out_everywhere(fingerprint(token))
    response = RedirectResponse("/login?signed-out=1", 303)
    clear_cookie(response, request)
    return response


def _agent_of(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _back_to_login(onward: str, **why: str | int) -> Response:
    return _to("/login", onward, **why)


def _to(page: str, onward: str, **why: str | int) -> Response:
    query = dict(why) | ({"next": onward} if onward != "/" else {})
    return RedirectResponse(f"{page}?{urlencode(query)}" if query else page, 303)


def _minutes_until(until: datetime) -> int:
    return _minutes((until - current().clock()).total_seconds())


def _minutes(seconds: float) -> int:
    return max(1, ceil(seconds / 60))
