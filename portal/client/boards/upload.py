"""Takes a bundle of firmware that an admin's browser sends."""

from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.client.nav import BOARDS
from portal.core.access import Role
from portal.core.audit.acting import set_acting
from portal.core.boards.service import releases
from portal.core.errors import Conflict, Invalid
from portal.core.stack import current
from portal.web.http.forms import address_of, refusal_of
from portal.web.http.session import actor_of, token_in

UPLOAD = "/auth/firmware"
_FORM_OVERHEAD_BYTES = 4096


async def _upload(request: Request) -> Response:
    actor = await actor_of(token_in(request.headers.get("cookie")))
    if actor is None:
        return RedirectResponse("/login", 303)
    if not actor.role.covers(Role.ADMIN):
        return PlainTextResponse("Only an admin may add firmware.", 403)
    refused = refusal_of(request, releases.MOST_BUNDLE_BYTES + _FORM_OVERHEAD_BYTES)
    if refused is not None:
        return _back(problem="The file is larger than 1 MiB.") if refused.status_code == 413 else refused
    set_acting(actor, address_of(request))
    async with request.form(max_files=1, max_fields=1) as form:
        upload = form.get("bundle")
        bundle = await upload.read() if isinstance(upload, UploadFile) else b""
    try:
        return _back(added=await releases.add_release(current(), bundle))
    except Invalid:
        return _back(problem="no-bundle")
    except Conflict as error:
        return _back(problem=error.message)


def _back(**query: str) -> Response:
    return RedirectResponse(f"{BOARDS}?{urlencode(query)}", 303)


ROUTES = [Route(UPLOAD, _upload, methods=["POST"])]
