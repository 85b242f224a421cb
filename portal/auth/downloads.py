"""Files for people who are signed in: a plain link to them works, and ends at the login for anybody else."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from portal.auth.forms import address_of, too_often
from portal.auth.session import actor_of, token_in
from portal.core.acting import set_acting
from portal.core.errors import Conflict, Invalid, NotFound, PortalError, Throttled
from portal.core.services import audit
from portal.core.stack import current

Handler = Callable[[Request], Awaitable[Response]]


def signed_in_download(handler: Handler) -> Handler:
    """Guard a download: nobody gets it without a session, it is written down, and errors are said in words."""

    async def guarded(request: Request) -> Response:
        actor = await actor_of(token_in(request.headers.get("cookie")))
        if actor is None:
            return RedirectResponse("/login", 303)
        set_acting(actor, address_of(request))
        try:
            answer = await handler(request)
            await audit.record_export(current(), request.url.path, request.url.query)
        except Throttled as refused:
            return too_often(refused)
        except PortalError as error:
            return PlainTextResponse(error.message, _status(error))
        return answer

    return guarded


def _status(error: PortalError) -> int:
    statuses = ((NotFound, 404), (Invalid, 400), (Conflict, 409))
    return next((status for kind, status in statuses if isinstance(error, kind)), 500)
