"""Files for people who are signed in: a plain link to them works, and ends at the login for anybody else."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from portal.auth.session import actor_of, token_in
from portal.core.errors import Conflict, Invalid, NotFound, PortalError

Handler = Callable[[Request], Awaitable[Response]]


def signed_in_download(handler: Handler) -> Handler:
    """Guard a download: nobody gets it without a session, and errors are said in words."""

    async def guarded(request: Request) -> Response:
        if await actor_of(token_in(request.headers.get("cookie"))) is None:
            return RedirectResponse("/login", 303)
        try:
            return await handler(request)
        except PortalError as error:
            return PlainTextResponse(error.message, _status(error))

    return guarded


def _status(error: PortalError) -> int:
    statuses = ((NotFound, 404), (Invalid, 400), (Conflict, 409))
    return next((status for kind, status in statuses if isinstance(error, kind)), 500)
