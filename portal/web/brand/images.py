"""Logo and icon: uploaded by an admin's browser, looked at by content, kept in the database."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.core.access import Actor, Role
from portal.core.audit.acting import set_acting
from portal.core.brand import service as branding
from portal.core.errors import Invalid, NotFound, Throttled, TooLarge
from portal.core.stack import current
from portal.web.http.forms import address_of, refusal_of, too_often
from portal.web.http.session import actor_of, token_in

_PAGE = "/settings/branding"
_FORM_OVERHEAD_BYTES = 4096


async def _save(request: Request) -> Response:
    if (refused := await _refused(request, branding.MAX_IMAGE_BYTES + _FORM_OVERHEAD_BYTES)) is not None:
        return refused
    kind = request.path_params["kind"]
    async with request.form(max_files=1, max_fields=2) as form:
        upload = form.get("image")
        content = await upload.read() if isinstance(upload, UploadFile) else b""
    try:
        await branding.save_image(current(), kind, content)
    except TooLarge:
        return RedirectResponse(f"{_PAGE}?problem=large", 303)
    except Invalid:
        return RedirectResponse(f"{_PAGE}?problem=image", 303)
    except NotFound:
        return PlainTextResponse("There is no such image.", 404)
    except Throttled as throttled:
        return too_often(throttled)
    return RedirectResponse(f"{_PAGE}?saved={kind}", 303)


async def _remove(request: Request) -> Response:
    if (refused := await _refused(request)) is not None:
        return refused
    try:
        await branding.remove_image(current(), request.path_params["kind"])
    except NotFound:
        return RedirectResponse(f"{_PAGE}?problem=gone", 303)
    except Throttled as throttled:
        return too_often(throttled)
    return RedirectResponse(f"{_PAGE}?saved=removed", 303)


async def _refused(request: Request, most_bytes: int | None = None) -> Response | None:
    """Refuse whoever is no admin before the body is read."""
    actor: Actor | None = await actor_of(token_in(request.headers.get("cookie")))
    if (refused := refusal_of(request, most_bytes)) is not None:
        if refused.status_code == 413 and actor is not None:
            return RedirectResponse(f"{_PAGE}?problem=large", 303)
        return refused
    if actor is None:
        return RedirectResponse("/login", 303)
    if not actor.role.covers(Role.ADMIN):
        return PlainTextResponse("Only an admin may change the brand.", 403)
    set_acting(actor, address_of(request))
    return None


ROUTES = [
    Route("/auth/brand/{kind}", _save, methods=["POST"]),
    Route("/auth/brand/{kind}/remove", _remove, methods=["POST"]),
]
