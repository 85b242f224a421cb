"""Files for people who are signed in and for machines with a key.

A plain link to them works in a browser, and ends at the login for anybody else; a machine sends its API key.
"""

from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from portal.core.access import Actor
from portal.core.audit import service as audit
from portal.core.audit.acting import set_acting
from portal.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    PortalError,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from portal.core.identity.service import api_keys
from portal.core.stack import current
from portal.web.http.forms import address_of, too_often
from portal.web.http.session import actor_of, token_in
from portal.web.http.unavailable import unavailable_answer

Handler = Callable[[Request], Awaitable[Response]]
_STATUSES = ((Unauthenticated, 401), (NotFound, 404), (Invalid, 400), (Conflict, 409), (Unavailable, 503))
_SHOWN = 40


def guarded_download(handler: Handler, known: Collection[str], *, is_shown: bool = False) -> Handler:
    """Guard a download: nobody gets it without a session or a key, it is written down, and errors are said in words.

    `known` are the parameters of the query there are; another one is refused by its name. What a page shows by itself
    (`is_shown`) is nothing that anybody took out, and has no row.
    """

    async def guarded(request: Request) -> Response:
        try:
            actor = await _actor(request)
            if actor is None:
                return RedirectResponse("/login", 303)
            set_acting(actor, address_of(request))
            _refuse_unknown(request, known)
            answer = await handler(request)
            if not is_shown:
                await audit.record_export(current(), request.url.path, request.url.query)
        except PortalError as error:
            return _refusal(request, error)
        return answer

    return guarded


def is_machine(request: Request) -> bool:
    """Tell whether a key is sent, which is what programs do."""
    return bool(_key(request))


async def _actor(request: Request) -> Actor | None:
    key = _key(request)
    if key is None:
        return await actor_of(token_in(request.headers.get("cookie")))
    actor = await api_keys.api_key_actor(current(), key)
    if actor is None:
        raise Unauthenticated("The API key is not known.")
    return actor


def _key(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def _refuse_unknown(request: Request, known: Collection[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        named = ", ".join(repr(name[:_SHOWN]) for name in unknown[:_SHOWN])
        raise Invalid(f"unknown parameter {named}; known: {', '.join(known)}")


def _refusal(request: Request, error: PortalError) -> Response:
    if isinstance(error, Throttled):
        return too_often(error)
    if isinstance(error, Unavailable) and not is_machine(request):
        return unavailable_answer(request, error)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status)
    if is_machine(request):
        content = {"error": {"code": error.code, "message": error.message}}
        return JSONResponse(content, status, headers)
    return PlainTextResponse(error.message, status, headers)
